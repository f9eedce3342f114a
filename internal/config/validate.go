package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/notify"
)

// derive fills in what depends on other settings.
func (c *Config) derive() {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.PublicURL == "" && !wildcard(c.Listen) {
		c.PublicURL = "http://" + c.Listen
	}
	if c.Keys.RootFile == "" {
		c.Keys.RootFile = filepath.Join(c.DataDir, "root.key")
	}
	if c.Database.URL == "" {
		c.Database.URL = Secret("sqlite://" + sqlitePath(c.DataDir))
	}
}

// sqlitePath is the database file of a data folder; a relative one begins with a dot.
func sqlitePath(dir string) string {
	p := filepath.ToSlash(filepath.Join(dir, "identity.db"))
	if !filepath.IsAbs(p) && !strings.HasPrefix(p, ".") {
		p = "./" + p
	}
	return p
}

// wildcard says whether the address stands for all addresses of the machine.
func wildcard(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// problems lists the choices that cannot be.
func (c *Config) problems() []error {
	var ps problems
	_, port, err := net.SplitHostPort(c.Listen)
	n, numErr := strconv.Atoi(port)
	ps.unless(err == nil && numErr == nil && n >= 0 && n <= 65535, "listen: must be host:port")
	if c.PublicURL == "" {
		ps.unless(false, "public_url: must be set when listening on all addresses, because links cannot name them")
	} else {
		ps.unless(isPublicURL(c.PublicURL), "public_url: must be http://host or https://host, without user, query or fragment")
	}
	ps.unless(c.DataDir != "", "data_dir: must not be empty")
	ps.between("request_timeout", c.RequestTimeout, time.Second, 25*time.Second)
	ps.within("max_project_tree_depth", c.MaxProjectDepth, 1, 100)

	ps.oneOf("resource.project_name_url_safe", c.Resource.ProjectNameURLSafe, URLSafeOff, URLSafeNew, URLSafeStrict)
	ps.oneOf("resource.domain_name_url_safe", c.Resource.DomainNameURLSafe, URLSafeOff, URLSafeNew, URLSafeStrict)

	scheme, rest, _ := strings.Cut(c.Database.URL.Reveal(), "://")
	ps.unless(slices.Contains([]string{"sqlite", "postgres", "postgresql"}, scheme) && rest != "",
		"database.url: must begin with sqlite:// or postgres:// and name a database")
	ps.within("database.max_connections", c.Database.MaxConnections, 1, 1000)
	ps.oneOf("keys.algorithm", c.Keys.Algorithm, "EdDSA", "ES256")
	ps.unless(c.Bootstrap.User != "", "bootstrap.user: must not be empty")
	ps.unless(c.Bootstrap.Project != "", "bootstrap.project: must not be empty")

	ps.between("token.ttl", c.Token.TTL, time.Minute, 7*24*time.Hour)
	ps.between("token.allow_expired_window", c.Token.AllowExpiredWindow, 0, 30*24*time.Hour)
	ps.between("receipt.ttl", c.Receipt.TTL, 30*time.Second, time.Hour)
	ps.within("credential.user_limit", c.Credential.UserLimit, -1, 1_000_000)
	ps.within("application_credential.user_limit", c.AppCredential.UserLimit, -1, 1_000_000)
	ps.within("application_credential.secret_min_length", c.AppCredential.SecretMinLength, 8, 256)
	ps.between("oauth1.request_token_duration", c.OAuth1.RequestTokenDuration, 0, 10*365*24*time.Hour)
	ps.between("oauth1.access_token_duration", c.OAuth1.AccessTokenDuration, 0, 10*365*24*time.Hour)
	c.oauth2Problems(&ps)
	ps.within("trust.max_redelegation_count", c.Trust.MaxRedelegationCount, 0, 10)
	ps.within("lockout.password_attempts", c.Lockout.PasswordAttempts, 1, 100)
	ps.within("lockout.password_attempts_anywhere", c.Lockout.PasswordAttemptsAnywhere, 1, 100)
	ps.within("lockout.code_attempts", c.Lockout.CodeAttempts, 1, 100)
	ps.between("lockout.duration", c.Lockout.Duration, time.Second, 24*time.Hour)
	ps.between("lockout.max_duration", c.Lockout.MaxDuration, c.Lockout.Duration, 24*time.Hour)
	ps.within("lockout.address_accounts", c.Lockout.AddressAccounts, 0, 1_000_000)
	ps.between("lockout.address_window", c.Lockout.AddressWindow, time.Second, 24*time.Hour)
	ps.between("lockout.failure_floor", c.Lockout.FailureFloor, 0, 5*time.Second)
	c.mfaProblems(&ps)
	ps.oneOf("step_up.policy", c.StepUp.Policy, StepUpWindow, StepUpSession)
	ps.oneOf("step_up.second_factor_at", c.StepUp.At, AtSignIn, AtAction)
	ps.between("step_up.window", c.StepUp.Window, time.Minute, 24*time.Hour)
	ps.between("devices.life", c.Devices.Life, time.Minute, 366*24*time.Hour)
	ps.within("devices.max", c.Devices.Max, 1, 100)
	c.riskProblems(&ps)
	c.noticesProblems(&ps)
	if c.Sessions.Idle != 0 {
		ps.between("sessions.idle", c.Sessions.Idle, 2*time.Minute, 7*24*time.Hour)
	}
	c.phoneProblems(&ps)
	c.passwordProblems(&ps)
	c.complianceProblems(&ps)

	ps.within("cache.size", c.Cache.Size, 1, 10_000_000)
	ps.oneOf("unified_limit.enforcement_model", c.UnifiedLimit.EnforcementModel, "flat", "strict_two_level")
	ps.unless(c.Security.Contact == "" || isContact(c.Security.Contact), "security.contact: must be a mailto: or https: address")
	ps.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	ps.oneOf("log.format", c.Log.Format, "json", "text")
	ps.within("log.refusals_per_second", c.Log.RefusalsPerSecond, 0, 1_000_000)
	return ps
}

// oauth2Problems refuses what would never be believed, and headers that clients write or that say who they are.
func (c *Config) oauth2Problems(ps *problems) {
	header := c.OAuth2.ClientCertificateHeader
	if header == "" {
		return
	}
	const key = "oauth2.client_certificate_header"
	const token = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~" // RFC 9110 section 5.6.2
	taken := []string{"X-Auth-Token", "X-Subject-Token", "Authorization", "X-Forwarded-For", "Forwarded", "Cookie", "Host", "Content-Type"}
	ps.unless(strings.Trim(header, token) == "", key+": must be the name of a header")
	ps.unless(!slices.ContainsFunc(taken, func(h string) bool { return strings.EqualFold(h, header) }), key+": must be a header of its own")
	ps.unless(len(c.TrustedProxies) > 0, key+": needs trusted_proxies, because nobody else is believed")
	ps.unless(c.OAuth2.CertDNMappingID != "", "oauth2.cert_dn_mapping_id: must not be empty when "+key+" is set")
}

func (c *Config) noticesProblems(ps *problems) {
	n := c.Notices
	ps.oneOf("notices.mail_tls", n.MailTLS, "starttls", "tls", "none")
	ps.within("notices.mail_port", n.MailPort, 1, 65535)
	_, err := mail.ParseAddress(n.MailFrom)
	ps.unless(n.MailHost == "" || err == nil, "notices.mail_from: must be an address when notices.mail_host is set")
	ps.unless(n.MailUser == "" || n.MailTLS != "none", "notices.mail_user: needs notices.mail_tls, because the password would be read on the way")
	ps.unless(n.LinkURL == "" || isPublicURL(n.LinkURL), "notices.link_url: must be http:// or https://, without user, query or fragment")
	ps.between("notices.link_ttl", n.LinkTTL, time.Minute, 30*24*time.Hour)
	ps.between("notices.give_up_after", n.GiveUpAfter, time.Minute, 7*24*time.Hour)
	ps.between("notices.retention", n.Retention, max(n.GiveUpAfter, n.LinkTTL), 3650*24*time.Hour)
	if r := c.Retention; r.Events != 0 { // what is read of events must still be there
		least := max(7*24*time.Hour, c.Token.TTL+c.Token.AllowExpiredWindow, n.GiveUpAfter, n.LinkTTL, c.MFA.ResetCoolDown)
		ps.between("retention.events", r.Events, least, 3650*24*time.Hour)
	}
	if r := c.Retention; r.SignInFailures != 0 {
		ps.between("retention.sign_in_failures", r.SignInFailures, max(7*24*time.Hour, c.Lockout.MaxDuration), 3650*24*time.Hour)
	}
	if n.WebhookURL != "" {
		if err := notify.CheckWebhook(n.WebhookURL.Reveal(), n.WebhookKey.Reveal(), n.WebhookAllowed); err != nil {
			*ps = append(*ps, err)
		}
	}
}

func (c *Config) mfaProblems(ps *problems) {
	m := c.MFA
	ps.unless(m.Issuer != "" && !strings.ContainsRune(m.Issuer, ':'), "mfa.issuer: must not be empty or hold a colon")
	ps.unless(m.Digits == 6 || m.Digits == 8, "mfa.digits: must be 6 or 8")
	ps.unless(m.Period == 30 || m.Period == 60, "mfa.period: must be 30 or 60")
	ps.oneOf("mfa.algorithm", m.Algorithm, "SHA1", "SHA256", "SHA512")
	ps.within("mfa.steps_behind", m.StepsBehind, 0, 1)
	ps.within("mfa.steps_ahead", m.StepsAhead, 0, 1)
	ps.within("mfa.recovery_codes", m.RecoveryCodes, 1, 16)
	ps.between("mfa.pending_ttl", m.PendingTTL, time.Minute, 24*time.Hour)
	ps.between("mfa.reset_cool_down", m.ResetCoolDown, 0, 30*24*time.Hour)
}

// riskProblems refuses scores that people reach who are hardly known, or by the hour of the day alone.
func (c *Config) riskProblems(ps *problems) {
	r := c.Risk
	const unknown = 25 // risk.LearningScore
	ps.within("risk.notify", r.Notify, 0, 100)
	for key, score := range map[string]int{"risk.challenge": r.Challenge, "risk.refuse": r.Refuse} {
		ps.unless(score == 0 || score > unknown && score <= 100, fmt.Sprintf("%s: must be 0 or from %d to 100", key, unknown+1))
	}
	ps.unless(r.Refuse == 0 || r.Refuse > r.Challenge, "risk.refuse: must be above risk.challenge, or nobody is asked for a code")
	ps.within("risk.learning", r.Learning, 1, 100)
	ps.between("risk.retention", r.Retention, 24*time.Hour, 366*24*time.Hour)
}

func (c *Config) phoneProblems(ps *problems) {
	p := c.Phones
	ps.between("phones.gateway_timeout", p.GatewayTimeout, 50*time.Millisecond, 15*time.Second)
	ps.between("phones.code_ttl", p.CodeTTL, time.Minute, time.Hour)
	ps.within("phones.code_attempts", p.CodeAttempts, 1, 10)
	ps.between("phones.resend_after", p.ResendAfter, time.Second, time.Hour)
	ps.between("phones.resend_max", p.ResendMax, p.ResendAfter, 24*time.Hour)
	ps.oneOf("phones.satisfies", p.Satisfies, PhonesSignIn, PhonesEverything)
	ps.unless(!slices.ContainsFunc(p.Countries, func(s string) bool { return len(s) != 2 || strings.ToUpper(s) != s }),
		"phones.countries: must be codes of two capital letters, such as DE")
	for key, n := range map[string]int{
		"per_user": p.PerUser, "per_number": p.PerNumber, "per_network": p.PerNetwork, "per_country": p.PerCountry,
		"daily_budget": p.DailyBudget, "sms_cost": p.SMSCost, "voice_cost": p.VoiceCost,
	} {
		ps.within("phones."+key, n, 0, 1_000_000_000)
	}
	for key, text := range map[string]string{"text": p.Text, "spoken": p.Spoken} {
		ps.unless(strings.Contains(text, "{code}") && len(text) <= 300, "phones."+key+": must hold {code}, and at most 300 bytes")
	}
}

// leastMemory is OWASP's minimum for argon2id with one lane, in KiB by passes (Password Storage Cheat Sheet).
var leastMemory = []int{1: 47104, 2: 19456, 3: 12288, 4: 9216, 5: 7168}

func (c *Config) passwordProblems(ps *problems) {
	p := c.Password
	ps.within("password.slots", p.Slots, 0, 1024)
	ps.within("password.queue", p.Queue, 0, 100_000)
	ps.between("password.wait", p.Wait, 10*time.Millisecond, 15*time.Second)
	ps.within("password.min_length", p.MinLength, 8, 64)
	ps.within("password.passes", p.Passes, 1, 16)
	if p.Passes >= 1 {
		ps.within("password.memory_kib", p.MemoryKiB, leastMemory[min(p.Passes, len(leastMemory)-1)], 256<<10)
	}
}

func (c *Config) complianceProblems(ps *problems) {
	const section, days = "security_compliance.", 36500
	p := c.Compliance
	ps.within(section+"lockout_failure_attempts", p.LockoutAttempts, 0, 100)
	ps.between(section+"lockout_duration", p.LockoutDuration, time.Second, 24*time.Hour)
	ps.within(section+"disable_user_account_days_inactive", p.InactiveDays, 0, days)
	ps.within(section+"password_expires_days", p.ExpiresDays, 0, days)
	ps.within(section+"unique_last_password_count", p.History, 0, 24)
	ps.within(section+"minimum_password_age", p.MinimumAgeDays, 0, days)
	ps.unless(p.ExpiresDays == 0 || p.MinimumAgeDays < p.ExpiresDays,
		section+"minimum_password_age: must be less than password_expires_days, or nobody could change a password in time")
	ps.oneOf(section+"report_invalid_password_hash", p.ReportHash, "", ReportEvent)
	ps.unless(p.ReportHash == "" || len(p.ReportKey) >= 16,
		section+"invalid_password_hash_secret_key: must have 16 characters at least when report_invalid_password_hash is set")
	ps.within(section+"invalid_password_hash_max_chars", p.ReportMaxChars, 1, 43)
}

type problems []error

func (p *problems) unless(ok bool, problem string) {
	if !ok {
		*p = append(*p, errors.New(problem))
	}
}

func (p *problems) within(key string, n, low, high int) {
	p.unless(n >= low && n <= high, fmt.Sprintf("%s: must be from %d to %d", key, low, high))
}

func (p *problems) between(key string, d, low, high time.Duration) {
	p.unless(d >= low && d <= high, fmt.Sprintf("%s: must be from %s to %s", key, low, high))
}

func (p *problems) oneOf(key, value string, choices ...string) {
	p.unless(slices.Contains(choices, value), fmt.Sprintf("%s: must be one of %s", key, strings.Join(choices, ", ")))
}

func isPublicURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(s, "?#\r\n\" ")
}

func isContact(s string) bool {
	return (strings.HasPrefix(s, "mailto:") || strings.HasPrefix(s, "https://")) && !strings.ContainsAny(s, "\r\n ")
}
