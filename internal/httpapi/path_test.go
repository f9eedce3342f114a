package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestPathVariablesAreDecodedOnce(t *testing.T) {
	t.Parallel()
	e := echo.New()
	var got string
	e.GET("/v3/regions/:region_id", func(c echo.Context) error {
		got = pathParam(c)("region_id")
		return c.NoContent(http.StatusNoContent)
	})
	for sent, want := range map[string]string{
		"eu":           "eu",
		"eu%20west":    "eu west",
		"eu%2Dwest":    "eu-west",
		"a%2Fb":        "a/b",
		"Z%C3%BCrich":  "Zürich",
		"a%252Fb":      "a%2Fb",
		"%2F%252F":     "/%2F",
		"Z%C3%BC%2f%7": "", // net/http refuses it before
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://id.example/v3/regions/"+sent, http.NoBody)
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", sent, err)
			}
			continue
		}
		got = ""
		e.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("%s arrives as %q, want %q", sent, got, want)
		}
	}
}
