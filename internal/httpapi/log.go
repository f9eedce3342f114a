package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

// access writes one line for a request. Paths are logged as patterns: real ones may hold tokens (v2.0).
func (a *API) access(ec echo.Context, id string, took time.Duration) {
	level := slog.LevelInfo
	if ec.Response().Status < 400 && (ec.Request().Method == http.MethodGet || ec.Request().Method == http.MethodHead) {
		level = slog.LevelDebug // reads that went well are the bulk
	}
	ctx := ec.Request().Context()
	if !a.Log.Enabled(ctx, level) || ec.Response().Status >= 400 && !a.mayTell(ctx) {
		return
	}
	a.Log.LogAttrs(ctx, level, "request",
		slog.String("request_id", id), slog.String("method", text(ec.Request().Method, 16)), slog.String("route", ec.Path()),
		slog.Int("status", ec.Response().Status), slog.Duration("took", took),
		slog.String("address", ec.RealIP()), slog.Int64("bytes", ec.Response().Size))
}

// mayTell reports whether one more refusal may be logged now.
func (a *API) mayTell(ctx context.Context) bool {
	if a.Refusals == nil {
		return true
	}
	ok, held := a.Refusals.Pass()
	a.tellHeld(ctx, held)
	return ok
}

func (a *API) tellHeld(ctx context.Context, held int) {
	if held > 0 {
		a.Log.LogAttrs(ctx, slog.LevelInfo, "refusals were not logged one by one, there were too many", slog.Int("count", held))
	}
}

// Flush logs how many lines about refusals were held back and not told of yet.
func (a *API) Flush(ctx context.Context) {
	if a.Refusals != nil {
		a.tellHeld(ctx, a.Refusals.Held())
	}
}

// explain logs, once, why an answer blames the server: what nobody classified, and the cause of a lack.
func (a *API) explain(ctx context.Context, err error) {
	if _, ok := errors.AsType[Answer](err); ok || ended(err) {
		return
	}
	known, _ := errors.AsType[*fault.Error](err)
	id := slog.String("request_id", event.OriginOf(ctx).RequestID)
	switch kind := fault.KindOf(err); {
	case kind == fault.Internal:
		a.Log.LogAttrs(ctx, slog.LevelError, "internal error", id, slog.String("error", err.Error()))
	case kind == fault.Unavailable && known.Unwrap() != nil && a.mayTell(ctx):
		a.Log.LogAttrs(ctx, slog.LevelWarn, "unavailable", id, slog.String("error", err.Error()))
	}
}
