// Package storetest is what every database must do for this program: the same suite runs on SQLite and on
// PostgreSQL. It owns the checks, not the databases; a caller lends it fresh, empty ones.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

// ok is the kind that stands for no error in tables.
const ok = fault.Kind(-1)

// Run runs the suite. empty lends a fresh, empty database for each call, and migrated one that has the schema.
func Run(t *testing.T, empty, migrated func(t testing.TB) string) { //nolint:funlen // it is a table
	for name, check := range map[string]func(*testing.T, *world){
		"names are unique where they must be":                 uniqueNames,
		"names compare exactly after NFC":                     exactNames,
		"what is missing is named":                            missingThings,
		"users keep false, empty and null":                    userZeroValues,
		"users with unreadable options keep them":             unreadableOptions,
		"passwords have a history and raise the version":      passwords,
		"users are active on days":                            activity,
		"groups have members":                                 members,
		"groups keep null and empty descriptions":             groupZeroValues,
		"projects form trees":                                 projectTrees,
		"projects keep false, empty and null":                 projectZeroValues,
		"projects are found by tags":                          tagFilters,
		"deleting a project clears defaults and grants":       deleteProject,
		"deleting a domain deletes what is in it":             deleteDomain,
		"roles imply roles":                                   roles,
		"grants are unique and never dangle":                  grants,
		"grants are filtered":                                 grantFilters,
		"regions nest and refuse circles":                     regions,
		"services and endpoints":                              services,
		"policy documents":                                    policyDocuments,
		"a target has one policy":                             policyAssociations,
		"policies lead to endpoints":                          endpointsOfPolicies,
		"associations go with what they name":                 associationsGo,
		"domains keep configurations":                         domainConfigs,
		"no change of a configuration is lost":                racingConfigs,
		"policies racing for a target":                        racingAssociations,
		"registered limits":                                   registeredLimits,
		"limits":                                              limits,
		"limits are filtered":                                 limitFilters,
		"limits go with what they limit":                      limitDeletion,
		"deep projects are found":                             deepProjects,
		"identity providers keep remote ids to themselves":    identityProviders,
		"protocols outlive their mappings":                    protocols,
		"mappings and service providers":                      mappingsAndServiceProviders,
		"users are known to identity providers":               federatedIdentities,
		"identity providers go with their domain":             federationOfDomains,
		"endpoint groups":                                     endpointGroups,
		"projects are given endpoints":                        projectLinks,
		"what a project was given goes with either":           projectLinksGo,
		"one of many ways to give an endpoint wins":           racingProjectLinks,
		"factors belong to users":                             factors,
		"devices belong to users":                             devices,
		"codes are sent to phones":                            phoneCodes,
		"codes go with their phone and user":                  phoneCodesGo,
		"messages are counted":                                messageCounts,
		"messages racing for a limit":                         racingMessages,
		"credentials and factors are one list":                credentials,
		"credentials go with their user and project":          orphanCredentials,
		"application credentials and their access rules":      appCredentials,
		"application credentials go with what they stand on":  orphanAppCredentials,
		"consumers of OAuth":                                  consumers,
		"request tokens of OAuth":                             requestTokens,
		"access tokens of OAuth":                              accessTokens,
		"what is of OAuth goes with what it stands on":        orphanOAuth,
		"what is of OAuth ends":                               endOfOAuth,
		"request tokens work once":                            racingOAuth,
		"what older root keys sealed is sealed again":         reseals,
		"sealed values know their places":                     sealedPlaces,
		"pending factors expire":                              purge,
		"sessions are listed, seen and ended":                 sessions,
		"profiles are kept for a time":                        profiles,
		"profiles are kept at once":                           racingProfiles,
		"notices are claimed, put off and given up":           notices,
		"notices go to the address of the time":               addresses,
		"what is too old is forgotten":                        aging,
		"much that is too old is forgotten by many":           agingOfMuch,
		"recovery codes work once":                            recoveryCodes,
		"failures are counted":                                failures,
		"failures are counted while others are forgotten":     countersUnderResets,
		"revocations and receipts":                            revocations,
		"signing keys rotate under a lock":                    signingKeys,
		"filters are literal":                                 literalFilters,
		"filters ignore case in every alphabet":               foldedFilters,
		"filters that are unknown are refused":                badFilters,
		"password expiry is a filter":                         expiryFilter,
		"pages are exact":                                     pages,
		"pages are sorted":                                    sortedPages,
		"pages go on behind what was deleted":                 deletedMarkers,
		"a walk meets what stays exactly once":                walks,
		"text that cannot be stored is refused":               hostileText,
		"ids are never SQL":                                   hostileIDs,
		"every change appends its event":                      eventsOfChanges,
		"events are read by id, time and user":                readEvents,
		"a transaction is all or nothing":                     transactions,
		"a nested failure can be tolerated":                   nestedFailure,
		"hooks hear of commits only":                          hooks,
		"one of many creates wins":                            concurrentCreates,
		"single-use things are used once":                     singleUse,
		"no counted failure is lost":                          concurrentFailures,
		"no update is lost":                                   concurrentUpdates,
		"one of two recovery sets survives":                   concurrentRecoverySets,
		"grants racing with deletions leave nothing dangling": racingGrants,
		"limits racing with their registered one":             racingLimits,
		"two nodes make one signing key":                      concurrentKeys,
		"one of many gets a remote id":                        racingRemoteIDs,
		"one user has a federated identity":                   racingIdentities,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, newWorld(t, migrated(t)))
		})
	}
	t.Run("two nodes migrate at once", func(t *testing.T) {
		t.Parallel()
		migrateAtOnce(t, empty(t))
	})
	t.Run("other nodes are woken", func(t *testing.T) {
		t.Parallel()
		listenWakes(t, newWorld(t, migrated(t)))
	})
}

// world is a database with domains red and blue, project web in red, users ann (red) and bob (blue), group
// ops (red) and role member.
type world struct {
	*store.Store
	ctx context.Context
	url string
	now time.Time
}

// Open opens a store over the database, closed when the test ends.
func Open(t *testing.T, url string, now func() time.Time) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Now: now, NewID: newID, MaxConns: 4})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{ctx: t.Context(), url: url, now: time.Date(2031, 5, 1, 9, 30, 0, 123456000, time.UTC)}
	w.Store = Open(t, url, func() time.Time { return w.now })
	if empty, err := w.Empty(w.ctx); !empty || err != nil {
		t.Fatalf("Empty before the first domain: got %t, %v", empty, err)
	}
	for _, id := range []string{"red", "blue"} {
		must(t, w.CreateProject(w.ctx, resource.Project{ID: id, Name: id, IsDomain: true, Enabled: true}))
	}
	if empty, err := w.Empty(w.ctx); empty || err != nil {
		t.Fatalf("Empty with a domain: got %t, %v", empty, err)
	}
	must(t, w.CreateProject(w.ctx, project("web", "red", "red")))
	must(t, w.CreateUser(w.ctx, user("ann", "red")))
	must(t, w.CreateUser(w.ctx, user("bob", "blue")))
	must(t, w.CreateGroup(w.ctx, identity.Group{ID: "ops", DomainID: "red", Name: "ops"}))
	must(t, w.CreateRole(w.ctx, assignment.Role{ID: "member", Name: "member"}))
	return w
}

func project(id, domain, parent string) resource.Project {
	return resource.Project{ID: id, Name: id, DomainID: domain, ParentID: parent, Enabled: true}
}

func user(id, domain string) identity.User {
	return identity.User{ID: id, Name: id, DomainID: domain, Enabled: true}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get returns the value of a call that must not fail.
func get[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil && want == ok || err != nil && fault.Is(err, want) {
		return
	}
	t.Errorf("%s: got %v, want kind %d", what, err, want)
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

// ids names the items of a page in their order.
func ids[T any](items []T, id func(T) string) []string {
	out := []string{}
	for _, it := range items {
		out = append(out, id(it))
	}
	return out
}

func userID(u identity.User) string       { return u.ID }
func projectID(p resource.Project) string { return p.ID }

func by(attr string, op listing.Op, value string) listing.Query {
	return listing.Query{Filters: []listing.Filter{{Attr: attr, Op: op, Value: value}}}
}

// together runs f n times at once and returns how often it reported true.
func together(t *testing.T, n int, f func(i int) (bool, error)) int {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	wins := 0
	for i := range n {
		all.Go(func() {
			won, err := f(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("run %d: %v", i, err)
			}
			if won {
				wins++
			}
		})
	}
	all.Wait()
	return wins
}

// actions lists the actions of all events after an id.
func (w *world) actions(t *testing.T, after int64) []string {
	t.Helper()
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, after, 0))
	return ids(evs, func(e event.Event) string { return e.Action })
}

func (w *world) last(t *testing.T) int64 {
	t.Helper()
	return get[int64](t)(w.LastEventID(w.ctx))
}

// exec runs SQL behind the store's back.
func (w *world) exec(t *testing.T, query string) {
	t.Helper()
	w.behind(t, func(db *sql.DB) error {
		_, err := db.ExecContext(w.ctx, query)
		return err
	})
}

// count asks for a number behind the store's back.
func (w *world) count(t *testing.T, query string) (n int) {
	t.Helper()
	w.behind(t, func(db *sql.DB) error { return db.QueryRowContext(w.ctx, query).Scan(&n) })
	return n
}

func (w *world) behind(t *testing.T, do func(db *sql.DB) error) {
	t.Helper()
	driver, dsn := "pgx", w.url
	if path, found := strings.CutPrefix(w.url, "sqlite://"); found {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(4000)"
	}
	db, err := sql.Open(driver, dsn)
	must(t, err)
	defer func() { _ = db.Close() }()
	must(t, do(db))
}
