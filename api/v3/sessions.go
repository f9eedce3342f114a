package v3

import (
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/session"
)

// sessions serves /v3/users/{user_id}/sessions: people's own sign-ins. It is ours; Keystone has nothing like it.
type sessions struct{ Services }

func (h sessions) ops() []httpapi.Op {
	const all, one = "/v3/users/{user_id}/sessions", "/v3/users/{user_id}/sessions/{session_id}"
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListUserSessions, factors(h).owner, h.list),
		httpapi.On("DELETE "+all, policy.DeleteUserSessions, factors(h).owner, h.endAll),
		httpapi.On("GET "+one, policy.GetUserSession, factors(h).owner, h.show),
		httpapi.On("DELETE "+one, policy.DeleteUserSession, factors(h).owner, h.end),
	}
}

// sessionView is a session as people see it.
type sessionView struct {
	ID         string       `json:"id"`
	UserID     string       `json:"user_id"`
	CreatedAt  httpapi.Time `json:"created_at"`
	LastSeenAt httpapi.Time `json:"last_seen_at"`
	ExpiresAt  httpapi.Time `json:"expires_at"`
	Address    string       `json:"ip"`
	Place      placeView    `json:"place"`
	UserAgent  string       `json:"user_agent"`
	Browser    programView  `json:"browser"`
	System     programView  `json:"os"`
	Methods    []string     `json:"methods"`
	Risk       riskView     `json:"risk"`
	Current    bool         `json:"current"`
	Links      links        `json:"links"`
}

// riskView is how unusual a sign-in was, and why.
type riskView struct {
	Score   int      `json:"score"`
	Reasons []string `json:"reasons"`
}

type placeView struct {
	Name    string  `json:"name"`
	Country *string `json:"country"`
	City    *string `json:"city"`
}

type programView struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func (h sessions) view(c *httpapi.Call, x session.Session) sessionView {
	browser, system := session.Client(x.UserAgent)
	place := h.Places.Of(x.Address)
	return sessionView{
		ID: x.ID, UserID: x.UserID, CreatedAt: httpapi.Time(x.CreatedAt), LastSeenAt: httpapi.Time(x.LastSeenAt),
		ExpiresAt: httpapi.Time(x.ExpiresAt), Address: x.Address, UserAgent: x.UserAgent,
		Place:   placeView{place.Name(), textOrNull(place.Country), textOrNull(place.City)},
		Browser: programView(browser), System: programView(system), Methods: x.Methods,
		Risk: riskView{x.Risk.Score, x.Risk.Names()}, Current: x.ID == c.Actor.ChainID,
		Links: links{c.Link("v3", "users", x.UserID, "sessions", x.ID)},
	}
}

func (h sessions) list(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Sessions.List(c.Context(), u.UserID, q)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "sessions", page, session.Session.Marker,
		func(x session.Session) sessionView { return h.view(c, x) }), nil
}

// find loads a session of the user whom the rule has admitted.
func (h sessions) find(c *httpapi.Call, u mfa.Owner) (session.Session, error) {
	id, err := c.ID("session_id")
	if err != nil {
		return session.Session{}, err
	}
	return h.Sessions.Get(c.Context(), u.UserID, id)
}

func (h sessions) show(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	x, err := h.find(c, u)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("session", h.view(c, x)), nil
}

func (h sessions) end(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	x, err := h.find(c, u)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Sessions.End(c.Context(), x)
}

// endAll keeps the session of the token that asks, which is not one of the user's when an administrator asks.
func (h sessions) endAll(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Sessions.EndAll(c.Context(), u.UserID, c.Actor.ChainID)
}
