package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/keyward/identity/internal/fault"
)

// sqlState returns PostgreSQL's code of an error, or "".
func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// sqliteCode returns SQLite's extended code of an error, or 0.
func sqliteCode(err error) int {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()
	}
	return 0
}

// duplicate reports whether a row with the same key is there already.
func duplicate(err error) bool {
	code := sqliteCode(err)
	return sqlState(err) == "23505" || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// dangling reports whether a foreign key was violated: something named is missing, or still in use.
func dangling(err error) bool {
	return sqlState(err) == "23503" || sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// lostRace reports whether running the transaction again may succeed. A dangling reference counts: what was
// there when it was looked for went away meanwhile, and the next run will say what is missing.
func lostRace(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01":
		return true
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return true
	}
	return dangling(err)
}

// connectionLost reports whether the connection broke or could not be made.
func connectionLost(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	state := sqlState(err)
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, net.ErrClosed) || strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P") ||
		strings.Contains(err.Error(), "conn closed") || // pgx has no exported value for it
		strings.Contains(err.Error(), "sql: database is closed") // nor database/sql, for requests at the very end
}

// unable reports whether the database answered that it cannot do now what it was asked.
func unable(err error) bool {
	switch state := sqlState(err); state {
	case "25006", "55P03", "57014": // read-only, lock not available, statement timeout
		return true
	case "":
	default:
		return strings.HasPrefix(state, "53") || strings.HasPrefix(state, "58") // resources, system
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// classify turns what is left of a database error into a fault that tells nothing of the database.
// ctx is the caller's: when that was cancelled nobody waits, and it is not the database's fault.
func classify(ctx context.Context, err error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f) || errors.Is(err, errUnchanged):
		return err
	case errors.Is(err, errNoEvent):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("database call given up: %w", context.Cause(ctx))
	case sqlState(err) == "22021" || sqlState(err) == "22P05":
		return errText
	case lostRace(err):
		if insideTx(ctx) {
			return err // InTx runs it again
		}
		if dangling(err) {
			return fault.New(fault.Conflict, "Something that the request refers to has just been changed or removed.").From(err)
		}
		return fault.New(fault.Unavailable, "The request lost a race with others. Please try again.").After(retryAfter).From(err)
	case ctx.Err() != nil, connectionLost(err), unable(err), errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "The database is not available at the moment. Please try again.").
			After(retryAfter).From(err)
	}
	return fmt.Errorf("database: %w", err)
}

// insideTx reports whether ctx belongs to a transaction that has not ended.
func insideTx(ctx context.Context) bool {
	_, ok := ctx.Value(txKey{}).(*tx)
	return ok
}

var errText error = fault.New(fault.BadRequest, "Text must be valid UTF-8 without NUL characters.")

// checkText refuses text that PostgreSQL cannot store, on every database alike.
func checkText(db *gorm.DB) {
	if db.Error != nil || db.Statement.Schema == nil {
		return
	}
	rv := db.Statement.ReflectValue
	for rv.Kind() == reflect.Pointer {
		rv = rv.Elem()
	}
	check := func(row reflect.Value) {
		for _, f := range db.Statement.Schema.Fields {
			if f.DataType != schema.String {
				continue
			}
			v, _ := f.ValueOf(db.Statement.Context, row)
			if p, ok := v.(*string); ok && p != nil {
				v = *p
			}
			if s, ok := v.(string); ok && !storable(s) {
				_ = db.AddError(errText)
				return
			}
		}
	}
	switch {
	case rv.Kind() == reflect.Slice:
		for i := range rv.Len() {
			check(reflect.Indirect(rv.Index(i)))
		}
	case rv.Kind() == reflect.Struct && rv.Type() == db.Statement.Schema.ModelType:
		check(rv)
	}
}

// storable reports whether both databases can hold s as text.
func storable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}
