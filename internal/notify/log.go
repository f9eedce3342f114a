package notify

import (
	"context"
	"log/slog"
)

// Log writes notices into the server's log, for development. It leaves out the text: that holds what disowns them.
type Log struct{ To *slog.Logger }

// Name is the channel's name.
func (Log) Name() string { return "log" }

// Send writes a line.
func (l Log) Send(ctx context.Context, m Message) error {
	l.To.InfoContext(ctx, "notice", "notice", m.ID, "kind", string(m.Kind), "user_id", m.UserID, "subject", m.Subject, "reasons", m.Facts.Reasons)
	return nil
}
