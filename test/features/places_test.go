package features_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
)

// placesFile is a file of MaxMind's format that knows one IPv4 network of 24 bits
// (https://maxmind.github.io/MaxMind-DB/).
func placesFile(network [3]byte, code, country, city string) []byte {
	const nodes = 24
	var b bytes.Buffer
	record := func(v uint32) { b.Write([]byte{byte(v >> 16), byte(v >> 8), byte(v)}) }
	for i := range nodes {
		next := uint32(i + 1)
		if next == nodes {
			next = nodes + 16 // the first byte of the data
		}
		if network[i/8]>>(7-i%8)&1 == 0 {
			record(next)
			record(nodes) // nothing is known
		} else {
			record(nodes)
			record(next)
		}
	}
	b.Write(make([]byte, 16))
	type m = map[string]any
	value(&b, m{"city": m{"names": m{"en": city}}, "country": m{"iso_code": code, "names": m{"en": country}}})
	b.WriteString("\xab\xcd\xefMaxMind.com")
	value(&b, m{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint32(1),
		"database_type": "Test-City", "description": m{}, "ip_version": uint16(4), "node_count": uint32(nodes), "record_size": uint16(24),
	})
	return b.Bytes()
}

// value writes a value of the format; texts and maps are short.
func value(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case string:
		b.WriteByte(2<<5 | byte(len(v)))
		b.WriteString(v)
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
