package v3

import (
	"github.com/keyward/identity/internal/httpapi"
)

// notices serves /v3/notices: what people answer to what they were told of their accounts.
type notices struct{ Services }

func (h notices) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.Public("POST /v3/notices/{notice_id}/disown",
			"whoever got the notice may have nothing else to sign in with; its token is demanded", h.disown),
	}
}

func (h notices) disown(c *httpapi.Call) (httpapi.Reply, error) {
	id, err := c.ID("notice_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var body struct {
		Token string `json:"token"`
	}
	if err := c.Body("notice", &body); err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Notices.Disown(c.Context(), id, body.Token)
}
