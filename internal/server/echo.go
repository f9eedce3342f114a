package server

import (
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keyward/identity/internal/httpapi"
)

// newEcho makes the router with all operations.
func newEcho(api *httpapi.API, ops []httpapi.Op, trusted []netip.Prefix) (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(io.Discard) // internal/httpapi writes the log
	e.IPExtractor = clientAddress(trusted)
	e.Pre(trimSlashes)
	e.Use(api.Enter)
	if err := api.Mount(e, ops); err != nil {
		return nil, err
	}
	return e, nil
}

// clientAddress believes X-Forwarded-For of the proxies that the operator named, and of nobody else.
func clientAddress(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		_, network, err := net.ParseCIDR(p.String())
		if err == nil {
			options = append(options, echo.TrustIPRange(network))
		}
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// trimSlashes makes /v3/users/ and /v3/users the same, as Keystone does.
func trimSlashes(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		u.Path, u.RawPath = trimmed(u.Path), trimmed(u.RawPath)
		if u.Path == "" {
			u.Path = "/"
		}
		return next(c)
	}
}

func trimmed(path string) string {
	if !strings.HasSuffix(path, "/") {
		return path
	}
	return strings.TrimRight(path, "/")
}
