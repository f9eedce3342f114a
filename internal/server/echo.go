package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keyward/identity/internal/clientcert"
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

// clientCertificate believes the header in which the proxies that the operator named tell of a client's certificate,
// when it comes from one of them and once; others may write into it what they like. Without a name there is none.
func clientCertificate(header string, trusted []netip.Prefix) func(*http.Request) (*clientcert.Certificate, error) {
	if header == "" {
		return nil
	}
	return func(r *http.Request) (*clientcert.Certificate, error) {
		values := r.Header.Values(header)
		switch {
		case !comesFrom(r, trusted), len(values) == 0, len(values) == 1 && values[0] == "":
			return nil, nil //nolint:nilnil // a client without a certificate
		case len(values) > 1:
			return nil, errCertificates
		}
		return clientcert.Parse(values[0])
	}
}

// comesFrom reports whether the connection itself is from one of the networks, whatever headers say.
func comesFrom(r *http.Request, networks []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

var errCertificates = errors.New("the header of the client certificate came more than once")

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
