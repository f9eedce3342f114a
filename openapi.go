// Package identity is the root of the module and holds nothing but the contract of the server: openapi.yaml,
// as the bytes that were built in. Package internal/contract gives them meaning, cmd/identity is the program,
// and internal/server serves it.
package identity

import _ "embed"

// OpenAPI is openapi.yaml, the OpenAPI 3.1 document that the server executes and shows at /openapi.yaml.
// It must not be modified.
//
//go:embed openapi.yaml
var OpenAPI []byte
