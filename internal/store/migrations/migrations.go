// Package migrations owns the numbered SQL files that build the schema, one set per dialect, and nothing else.
// A released file is never edited; a change of the schema is a new file in both folders.
package migrations

import "embed"

// Files holds the folders "sqlite" and "postgres".
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
