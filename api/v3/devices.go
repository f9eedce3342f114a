package v3

import (
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/policy"
)

// devices serves /v3/users/{user_id}/devices: where people's second factor is not asked for. It is ours; Keystone has
// nothing like it.
type devices struct{ Services }

func (h devices) ops() []httpapi.Op {
	const all = "/v3/users/{user_id}/devices"
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListUserDevices, factors(h).owner, h.list),
		httpapi.On("POST "+all, policy.CreateUserDevice, factors(h).owner, h.remember).Fresh(auth.FreshFor),
		httpapi.On("DELETE "+all, policy.DeleteUserDevices, factors(h).owner, h.forgetAll),
		httpapi.On("DELETE "+all+"/{device_id}", policy.DeleteUserDevice, factors(h).owner, h.forget),
	}
}

// deviceView is a device as people see it. Its secret is there once, when it is remembered.
type deviceView struct {
	ID         string        `json:"id"`
	UserID     string        `json:"user_id"`
	Name       string        `json:"name"`
	Secret     string        `json:"secret,omitzero"`
	CreatedAt  httpapi.Time  `json:"created_at"`
	ExpiresAt  httpapi.Time  `json:"expires_at"`
	LastUsedAt *httpapi.Time `json:"last_used_at"`
	Address    *string       `json:"last_used_ip"`
	Links      links         `json:"links"`
}

func viewDevice(c *httpapi.Call, d device.Device) deviceView {
	return deviceView{
		ID: d.ID, UserID: d.UserID, Name: d.Name, CreatedAt: httpapi.Time(d.CreatedAt), ExpiresAt: httpapi.Time(d.ExpiresAt),
		LastUsedAt: httpapi.TimeOf(d.LastUsedAt), Address: textOrNull(d.LastUsedFrom),
		Links: links{c.Link("v3", "users", d.UserID, "devices", d.ID)},
	}
}

func (h devices) list(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	all, err := h.Devices.Devices(c.Context(), u.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "devices", listing.Page[device.Device]{Items: all},
		func(d device.Device) string { return d.ID }, func(d device.Device) deviceView { return viewDevice(c, d) }), nil
}

// remember also refuses where the operator has switched devices off, while those that there are can still be ended.
func (h devices) remember(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	var body struct {
		Name string `json:"name"`
	}
	if err := c.Body("device", &body); err != nil {
		return httpapi.Reply{}, err
	}
	if !h.Auth.KnowsDevices() {
		return httpapi.Reply{}, fault.New(fault.Forbidden, "Devices are not remembered here.").Because("devices_forbidden")
	}
	d, secret, err := h.Devices.Remember(c.Context(), u.UserID, c.Actor.AuthVersion, body.Name)
	if err != nil {
		return httpapi.Reply{}, err
	}
	v := viewDevice(c, d)
	v.Secret = secret
	return httpapi.Created("device", v), nil
}

func (h devices) forget(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("device_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Devices.Forget(c.Context(), u.UserID, id)
}

func (h devices) forgetAll(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Devices.ForgetAll(c.Context(), u.UserID)
}
