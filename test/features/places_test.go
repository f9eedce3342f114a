package features_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// placed is an IPv4 network of 24 bits in a file of places.
type placed struct {
	network             [3]byte
	code, country, city string
	latitude, longitude float64
	asn                 uint32
}

var (
	bonn   = placed{[3]byte{203, 0, 113}, "DE", "Germany", "Bonn", 50.73, 7.1, 0}
	koeln  = placed{[3]byte{203, 0, 114}, "DE", "Germany", "Köln", 50.94, 6.96, 0}
	sydney = placed{[3]byte{198, 51, 100}, "AU", "Australia", "Sydney", -33.87, 151.2, 0}
	paris  = placed{[3]byte{192, 0, 2}, "FR", "France", "Paris", 48.86, 2.35, 0}
)

// placesIn writes a file of MaxMind's format that knows these networks (https://maxmind.github.io/MaxMind-DB/).
func placesIn(t *testing.T, known ...placed) string {
	t.Helper()
	const empty = 0 // a record that leads nowhere; the root is no record's target
	tree := [][2]int{{}}
	var data bytes.Buffer
	for _, p := range known {
		node, at := 0, -1-data.Len() // negative is a place in the data
		for i := range 24 {
			bit := p.network[i/8] >> (7 - i%8) & 1
			switch next := tree[node][bit]; {
			case i == 23:
				tree[node][bit] = at
			case next == empty:
				tree = append(tree, [2]int{})
				tree[node][bit] = len(tree) - 1
				node = len(tree) - 1
			default:
				node = next
			}
		}
		value(&data, m{
			"city": m{"names": m{"en": p.city}}, "country": m{"iso_code": p.code, "names": m{"en": p.country}},
			"location": m{"latitude": p.latitude, "longitude": p.longitude, "accuracy_radius": uint16(20)}, "autonomous_system_number": p.asn,
		})
	}
	var b bytes.Buffer
	for _, records := range tree {
		for _, v := range records {
			switch {
			case v == empty:
				v = len(tree)
			case v < 0:
				v = len(tree) + 16 - 1 - v // 16 bytes are between the tree and the data
			}
			b.Write([]byte{byte(v >> 16), byte(v >> 8), byte(v)})
		}
	}
	b.Write(make([]byte, 16))
	b.Write(data.Bytes())
	b.WriteString("\xab\xcd\xefMaxMind.com")
	value(&b, m{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint32(1),
		"database_type": "Test-City", "description": m{}, "ip_version": uint16(4), "node_count": uint32(len(tree)), "record_size": uint16(24),
	})
	file := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// value writes a value of the format; texts and maps are short.
func value(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case string:
		b.WriteByte(2<<5 | byte(len(v)))
		b.WriteString(v)
	case float64:
		b.WriteByte(3<<5 | 8)
		b.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case uint16:
		b.WriteByte(5<<5 | 2)
		b.Write(binary.BigEndian.AppendUint16(nil, v))
	case uint32:
		b.WriteByte(6<<5 | 4)
		b.Write(binary.BigEndian.AppendUint32(nil, v))
	case map[string]any:
		b.WriteByte(7<<5 | byte(len(v)))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			value(b, key)
			value(b, v[key])
		}
	}
}
