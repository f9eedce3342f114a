// Package sdk holds the versions of what a generated Go client needs; the client itself goes to ./generated.
package sdk

import _ "github.com/oapi-codegen/runtime" // what generated clients import
