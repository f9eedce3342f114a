package config

// Setting is one key that an operator may set.
type Setting struct {
	// Key is the name in the file, with dots between its parts. Env tells its environment variable.
	Key string
	// Default is the text that stands for the default, as one would write it in the file.
	Default string
	// Doc says what it does, in a sentence or two.
	Doc string

	field func(*Config) any
}

// Settings lists every key, in the order of configs/identity.yaml.
func Settings() []Setting { return settings }

var settings = []Setting{
	{"listen", "127.0.0.1:5000", "Address and port to serve on. TLS is for a proxy in front.", func(c *Config) any { return &c.Listen }},
	{"public_url", `""`, "URL under which clients reach the server, without a path of the API. Empty means http://<listen>; it must be set when listening on all addresses.", func(c *Config) any { return &c.PublicURL }},
	{"data_dir", "./var", "Folder of the root key and the SQLite file.", func(c *Config) any { return &c.DataDir }},
	{"trusted_proxies", "[]", "Networks (CIDR) of proxies whose X-Forwarded-For is believed.", func(c *Config) any { return &c.TrustedProxies }},
	{"request_timeout", "20s", "How long the work on one request may take.", func(c *Config) any { return &c.RequestTimeout }},
	{"max_project_tree_depth", "5", "How deep projects may nest below their domain.", func(c *Config) any { return &c.MaxProjectDepth }},
	{"resource.project_name_url_safe", "off", "Whether projects may have names with characters that mean something in a URL (: / ? # [ ] @ ! $ & ' ( ) * + , ; =): off allows them, new refuses new names, strict also sign-ins to projects that have one.", func(c *Config) any { return &c.Resource.ProjectNameURLSafe }},
	{"resource.domain_name_url_safe", "off", "The same for domains.", func(c *Config) any { return &c.Resource.DomainNameURLSafe }},

	{"database.url", `""`, "sqlite:///path or postgres://…; empty means the file identity.db in data_dir. It may hold a password: prefer the environment.", func(c *Config) any { return &c.Database.URL }},
	{"database.max_connections", "10", "How many connections to the database may be open.", func(c *Config) any { return &c.Database.MaxConnections }},

	{"keys.root_file", `""`, "File of the root key, mode 0600; empty means root.key in data_dir. Made when the database is empty. All nodes need the same one.", func(c *Config) any { return &c.Keys.RootFile }},
	{"keys.algorithm", "EdDSA", "Algorithm of new signing keys: EdDSA or ES256.", func(c *Config) any { return &c.Keys.Algorithm }},

	{"bootstrap.password", `""`, "Password of the first administrator. When set, an empty database is filled at the start of `serve`. Prefer the environment.", func(c *Config) any { return &c.Bootstrap.Password }},
	{"bootstrap.region", "RegionOne", "Region of the identity endpoints.", func(c *Config) any { return &c.Bootstrap.Region }},
	{"bootstrap.user", "admin", "Name of the first administrator.", func(c *Config) any { return &c.Bootstrap.User }},
	{"bootstrap.project", "admin", "Name of the first project.", func(c *Config) any { return &c.Bootstrap.Project }},

	{"token.ttl", "1h", "How long a sign-in lives. Continuing from its token never extends it.", func(c *Config) any { return &c.Token.TTL }},
	{"token.allow_expired_window", "48h", "How long after its end a token may still be validated by services with allow_expired.", func(c *Config) any { return &c.Token.AllowExpiredWindow }},
	{"token.allow_rescope_scoped_token", "true", "Whether a scoped token may be exchanged for one of another scope.", func(c *Config) any { return &c.Token.RescopeScoped }},
	{"receipt.ttl", "5m", "How long an incomplete sign-in may be completed.", func(c *Config) any { return &c.Receipt.TTL }},

	{"lockout.password_attempts", "5", "Wrong passwords in a row that are borne from one network.", func(c *Config) any { return &c.Lockout.PasswordAttempts }},
	{"lockout.password_attempts_anywhere", "100", "Wrong passwords in a row that are borne from all networks together, at most 100.", func(c *Config) any { return &c.Lockout.PasswordAttemptsAnywhere }},
	{"lockout.code_attempts", "10", "Wrong codes in a row that are borne.", func(c *Config) any { return &c.Lockout.CodeAttempts }},
	{"lockout.duration", "30s", "The first pause. It doubles with each further failure.", func(c *Config) any { return &c.Lockout.Duration }},
	{"lockout.max_duration", "1h", "The longest pause.", func(c *Config) any { return &c.Lockout.MaxDuration }},
	{"lockout.address_accounts", "100", "Different accounts that one client address may fail to sign in to within lockout.address_window; further ones get 429. 0 is no limit. Each node counts for itself.", func(c *Config) any { return &c.Lockout.AddressAccounts }},
	{"lockout.address_window", "10m", "How long failures count against an address.", func(c *Config) any { return &c.Lockout.AddressWindow }},
	{"lockout.failure_floor", "400ms", "What every refusal of a password or code takes at least, so that its time tells nothing.", func(c *Config) any { return &c.Lockout.FailureFloor }},

	{"mfa.issuer", "Identity", "Name of this installation in authenticator apps.", func(c *Config) any { return &c.MFA.Issuer }},
	{"mfa.digits", "6", "Length of a code: 6 or 8.", func(c *Config) any { return &c.MFA.Digits }},
	{"mfa.period", "30", "Seconds for which a code is shown: 30 or 60.", func(c *Config) any { return &c.MFA.Period }},
	{"mfa.algorithm", "SHA1", "SHA1, which every app understands, SHA256 or SHA512.", func(c *Config) any { return &c.MFA.Algorithm }},
	{"mfa.steps_behind", "1", "How many periods a phone's clock may be slow: 0 or 1.", func(c *Config) any { return &c.MFA.StepsBehind }},
	{"mfa.steps_ahead", "1", "How many periods a phone's clock may be fast: 0 or 1.", func(c *Config) any { return &c.MFA.StepsAhead }},
	{"mfa.recovery_codes", "4", "How many recovery codes a user gets, 1 to 16.", func(c *Config) any { return &c.MFA.RecoveryCodes }},
	{"mfa.pending_ttl", "15m", "How long an enrolment may stay unconfirmed.", func(c *Config) any { return &c.MFA.PendingTTL }},
	{"mfa.reset_cool_down", "1h", "How long after an administrator has reset somebody's second factors the next reset is refused, at most 30 days.", func(c *Config) any { return &c.MFA.ResetCoolDown }},
	{"mfa.sms_first", "false", "Whether people must have a confirmed phone before they can enrol an app.", func(c *Config) any { return &c.MFA.SMSFirst }},

	{"phones.gateways_file", `""`, "YAML file of the gateways that send codes to phones, in the order in which they are tried; see docs/phones.md. It is read anew when it changes. Empty means that there are none, and that nobody can add a phone. It holds secrets: mode 0600.", func(c *Config) any { return &c.Phones.GatewaysFile }},
	{"phones.gateway_timeout", "5s", "How long one gateway may take to answer.", func(c *Config) any { return &c.Phones.GatewayTimeout }},
	{"phones.code_ttl", "10m", "How long a code that was sent is good. Messages are slow at times.", func(c *Config) any { return &c.Phones.CodeTTL }},
	{"phones.code_attempts", "5", "Wrong codes after which a code that was sent is dead. lockout.code_attempts counts over all of them.", func(c *Config) any { return &c.Phones.CodeAttempts }},
	{"phones.resend_after", "30s", "How long people wait before another code is sent. It doubles with each one.", func(c *Config) any { return &c.Phones.ResendAfter }},
	{"phones.resend_max", "15m", "The longest wait before another code.", func(c *Config) any { return &c.Phones.ResendMax }},
	{"phones.satisfies", "sign_in", "What a code that was sent is good for: sign_in, or everything. With sign_in, people who have an app must use it, or a recovery code, where a fresh proof is asked for; people who have only a phone may use that.", func(c *Config) any { return &c.Phones.Satisfies }},
	{"phones.forbidden_roles", "[]", "Names of roles that no sign-in gets whose second factor was only a phone, or a remembered device; nor does what was made with such a sign-in.", func(c *Config) any { return &c.Phones.ForbiddenRoles }},
	{"phones.countries", "[]", "Countries (two capital letters) whose numbers are accepted; empty for all. Naming yours is the best protection against people who earn money with your messages.", func(c *Config) any { return &c.Phones.Countries }},
	{"phones.per_user", "10", "Messages to the phones of one user in an hour; 0 is no limit, here and for the next ones.", func(c *Config) any { return &c.Phones.PerUser }},
	{"phones.per_number", "10", "Messages to one number in an hour, whoever has it.", func(c *Config) any { return &c.Phones.PerNumber }},
	{"phones.per_network", "30", "Messages that clients of one network (IPv4 /24, IPv6 /56) may cause in an hour.", func(c *Config) any { return &c.Phones.PerNetwork }},
	{"phones.per_country", "500", "Messages to numbers of one country in an hour.", func(c *Config) any { return &c.Phones.PerCountry }},
	{"phones.daily_budget", "2000", "What all messages of a day (UTC) may cost, in the unit of sms_cost; behind that none are sent.", func(c *Config) any { return &c.Phones.DailyBudget }},
	{"phones.sms_cost", "1", "What one text costs.", func(c *Config) any { return &c.Phones.SMSCost }},
	{"phones.voice_cost", "2", "What one call costs.", func(c *Config) any { return &c.Phones.VoiceCost }},
	{"phones.text", `"{code} is your {issuer} code. Nobody will ask you for it."`, "The text with a code; {issuer} is mfa.issuer.", func(c *Config) any { return &c.Phones.Text }},
	{"phones.spoken", `"Your {issuer} code is {code}."`, "What is read aloud in a call; the code digit by digit.", func(c *Config) any { return &c.Phones.Spoken }},

	{"sessions.idle", "0s", "How long a person's sign-in may go unused before it is refused and the person must sign in again, at least 2m; 0s is for as long as it lives. Programs (application credentials, access keys) are not held to it.", func(c *Config) any { return &c.Sessions.Idle }},
	{"sessions.geoip_file", `""`, "File of MaxMind's format (GeoLite2-City.mmdb and the like) that tells where an address is, for the list of sessions and for unusual sign-ins. Read at the start. Empty for none: places are unknown.", func(c *Config) any { return &c.Sessions.GeoIPFile }},

	{"step_up.policy", "window", "How long a proof counts for what demands a recent one: window, for step_up.window; session, as long as the session that it was shown in.", func(c *Config) any { return &c.StepUp.Policy }},
	{"step_up.window", "10m", "How long a proof counts, 1m to 24h.", func(c *Config) any { return &c.StepUp.Window }},
	{"step_up.operations", "[]", "Further operations that demand a recent proof, by their operationId in openapi.yaml, such as deleteProject. `identity policy check` finds names that do not exist.", func(c *Config) any { return &c.StepUp.Operations }},
	{"step_up.second_factor_at", "sign_in", "Where people who have a second factor are asked for it: sign_in, or action: not before they do something that demands a recent proof. Rules and requirements of administrators hold at every sign-in.", func(c *Config) any { return &c.StepUp.At }},

	{"devices.enabled", "true", "Whether people may have a device remembered after they showed their second factor, so that they are not asked for it there again.", func(c *Config) any { return &c.Devices.Enabled }},
	{"devices.life", "720h", "How long a device is remembered, however often it is used.", func(c *Config) any { return &c.Devices.Life }},
	{"devices.max", "20", "How many devices a user may have remembered.", func(c *Config) any { return &c.Devices.Max }},
	{"devices.forbidden_domains", "[]", "Ids of domains whose users are asked for their second factor at every sign-in.", func(c *Config) any { return &c.Devices.ForbiddenDomains }},
	{"devices.forbidden_roles", "[]", "Names of roles; whoever has one of them anywhere is asked for the second factor at every sign-in.", func(c *Config) any { return &c.Devices.ForbiddenRoles }},

	{"risk.enabled", "true", "Whether sign-ins of people are compared with their earlier ones (docs/unusual-activity.md). When not, nothing new is remembered of them.", func(c *Config) any { return &c.Risk.Enabled }},
	{"risk.notify", "20", "Score from 1 to 100 from which people are told of a sign-in, where notices have a channel; 0 is never, here and for the next two.", func(c *Config) any { return &c.Risk.Notify }},
	{"risk.challenge", "0", "Score from which a code is demanded, even on a remembered device, of people who have a second factor; 26 at least, 45 is recommended.", func(c *Config) any { return &c.Risk.Challenge }},
	{"risk.refuse", "0", "Score from which a sign-in is refused although everything else is right; 26 at least, 90 is recommended.", func(c *Config) any { return &c.Risk.Refuse }},
	{"risk.learning", "5", "How many sign-ins (one an hour counts) are remembered of a person before the score may exceed 25.", func(c *Config) any { return &c.Risk.Learning }},
	{"risk.retention", "2160h", "How long a device, network or country is remembered that was not seen again, 24h to 8784h.", func(c *Config) any { return &c.Risk.Retention }},

	{"notices.mail_host", `""`, "Server that takes mails (SMTP). When set, people hear by mail (attribute `email`) of what happened to their accounts.", func(c *Config) any { return &c.Notices.MailHost }},
	{"notices.mail_port", "587", "Its port.", func(c *Config) any { return &c.Notices.MailPort }},
	{"notices.mail_tls", "starttls", "starttls, tls (from the first byte, usually port 465) or none, for a server on the same machine.", func(c *Config) any { return &c.Notices.MailTLS }},
	{"notices.mail_user", `""`, "Name to sign in there with; empty for not.", func(c *Config) any { return &c.Notices.MailUser }},
	{"notices.mail_password", `""`, "Password for that. Prefer the environment.", func(c *Config) any { return &c.Notices.MailPassword }},
	{"notices.mail_from", `""`, "Sender of mails, such as Identity <identity@example.com>.", func(c *Config) any { return &c.Notices.MailFrom }},
	{"notices.webhook_url", `""`, "URL that is called with every notice; see docs/notices.md. It must be https and public.", func(c *Config) any { return &c.Notices.WebhookURL }},
	{"notices.webhook_key", `""`, "Key that signs the calls, 24 bytes at least: text, or whsec_ and base64. Prefer the environment.", func(c *Config) any { return &c.Notices.WebhookKey }},
	{"notices.webhook_allowed_networks", "[]", "Networks (CIDR) in which the receiver may be although they are not public. Only there may the URL be http or have another port than 443.", func(c *Config) any { return &c.Notices.WebhookAllowed }},
	{"notices.log", "false", "Write notices into the log, for development.", func(c *Config) any { return &c.Notices.Log }},
	{"notices.language", "en", "Language of notices to people whose attribute `language` says nothing.", func(c *Config) any { return &c.Notices.Language }},
	{"notices.templates", `""`, "Folder of an operator's own texts, <language>/<kind>.txt; empty for the shipped ones.", func(c *Config) any { return &c.Notices.Templates }},
	{"notices.link_url", `""`, "Page to which the link of a notice leads, on which people say that it was not them. It gets notice and token in its fragment. Empty: the notice tells how to call the API.", func(c *Config) any { return &c.Notices.LinkURL }},
	{"notices.link_ttl", "72h", "How long people may say so.", func(c *Config) any { return &c.Notices.LinkTTL }},
	{"notices.give_up_after", "24h", "How long a notice is tried to be delivered.", func(c *Config) any { return &c.Notices.GiveUpAfter }},
	{"notices.retention", "720h", "How long notices are kept.", func(c *Config) any { return &c.Notices.Retention }},

	{"retention.events", "9600h", "How long events are kept: the audit trail, people's activity, and what explains refusals; 0 is for ever.", func(c *Config) any { return &c.Retention.Events }},
	{"retention.sign_in_failures", "2160h", "How long it is remembered from which networks people signed in or failed to, at least 7 days; 0 is for ever.", func(c *Config) any { return &c.Retention.SignInFailures }},

	{"credential.user_limit", "100", "How many credentials a user may have, second factors aside; -1 is no limit.", func(c *Config) any { return &c.Credential.UserLimit }},
	{"oauth1.request_token_duration", "8h", "How long a consumer of OAuth 1.0a may take to exchange a request token; 0 is for ever.", func(c *Config) any { return &c.OAuth1.RequestTokenDuration }},
	{"oauth1.access_token_duration", "24h", "How long an access token of OAuth 1.0a lives; 0 is for ever.", func(c *Config) any { return &c.OAuth1.AccessTokenDuration }},
	{"oauth2.client_certificate_header", `""`, "Header in which the proxies of trusted_proxies pass on the TLS client certificate that they verified, as in RFC 9440 or as nginx's $ssl_client_escaped_cert. Programs can then sign in with it (tls_client_auth). The proxies must remove the header from what clients send. Empty means that nobody signs in with a certificate.", func(c *Config) any { return &c.OAuth2.ClientCertificateHeader }},
	{"oauth2.cert_dn_mapping_id", "oauth2_mapping", "The mapping (OS-FEDERATION) that makes a user of a certificate's subject and issuer.", func(c *Config) any { return &c.OAuth2.CertDNMappingID }},
	{"trust.max_redelegation_count", "3", "How often a trust may be handed on by its trustees, 0 to 10.", func(c *Config) any { return &c.Trust.MaxRedelegationCount }},

	{"application_credential.user_limit", "-1", "How many application credentials a user may have; -1 is no limit.", func(c *Config) any { return &c.AppCredential.UserLimit }},
	{"application_credential.secret_min_length", "16", "Least length, in characters, of secrets that people choose for application credentials; 8 at least. Those that the server makes are longer.", func(c *Config) any { return &c.AppCredential.SecretMinLength }},

	{"password.slots", "0", "How many passwords are hashed at a time; 0 means one for each processor.", func(c *Config) any { return &c.Password.Slots }},
	{"password.queue", "64", "How many sign-ins may wait for that.", func(c *Config) any { return &c.Password.Queue }},
	{"password.wait", "3s", "How long each of them waits before it is told to come back.", func(c *Config) any { return &c.Password.Wait }},
	{"password.min_length", "8", "Least length, in characters, of passwords that people choose for themselves.", func(c *Config) any { return &c.Password.MinLength }},
	{"password.memory_kib", "19456", "Memory of one hash (argon2id m). Less than OWASP's minimum for the passes is refused.", func(c *Config) any { return &c.Password.MemoryKiB }},
	{"password.passes", "2", "Passes of one hash (argon2id t).", func(c *Config) any { return &c.Password.Passes }},

	{"security_compliance.lockout_failure_attempts", "0", "Keystone's way to count: when set, it stands for lockout.password_attempts and lockout.password_attempts_anywhere, and the pause is always lockout_duration. 0 leaves that to lockout. Networks from which the user signed in within 90 days count for themselves, so that strangers do not lock an owner out.", func(c *Config) any { return &c.Compliance.LockoutAttempts }},
	{"security_compliance.lockout_duration", "30m", "The pause after lockout_failure_attempts. There is none that lasts until an administrator acts.", func(c *Config) any { return &c.Compliance.LockoutDuration }},
	{"security_compliance.disable_user_account_days_inactive", "0", "Days without a sign-in with a password after which an account counts as disabled; 0 is never. Users with the option ignore_user_inactivity are exempt: give it to accounts of programs and to an administrator.", func(c *Config) any { return &c.Compliance.InactiveDays }},
	{"security_compliance.password_expires_days", "0", "Days after which a new password must be changed; 0 is never. Passwords that are there keep what they have.", func(c *Config) any { return &c.Compliance.ExpiresDays }},
	{"security_compliance.unique_last_password_count", "0", "How many of their last passwords, the present one included, people may not choose again. Older ones are not kept.", func(c *Config) any { return &c.Compliance.History }},
	{"security_compliance.minimum_password_age", "0", "Days for which people must keep a password that they chose.", func(c *Config) any { return &c.Compliance.MinimumAgeDays }},
	{"security_compliance.password_regex", `""`, "Expression that every new password must match from its beginning, also those that administrators set, in the dialect that Python and .NET share; lookaheads work. bootstrap.password is not judged.", func(c *Config) any { return &c.Compliance.Regex }},
	{"security_compliance.password_regex_description", `""`, "What people are told whose password does not match.", func(c *Config) any { return &c.Compliance.RegexDescription }},
	{"security_compliance.change_password_upon_first_use", "false", "Whether people must change a password that an administrator set before they can sign in.", func(c *Config) any { return &c.Compliance.ChangeUponFirstUse }},
	{"security_compliance.report_invalid_password_hash", `""`, "event adds a keyed digest of each wrong password to its event (partial_password_hash), which tells one program with an old password from many guesses. Empty adds nothing.", func(c *Config) any { return &c.Compliance.ReportHash }},
	{"security_compliance.invalid_password_hash_secret_key", `""`, "Key of these digests, at least 16 characters. Prefer the environment.", func(c *Config) any { return &c.Compliance.ReportKey }},
	{"security_compliance.invalid_password_hash_max_chars", "5", "How many characters of a digest are kept, 1 to 43. Few tell enough and give nothing to guess at.", func(c *Config) any { return &c.Compliance.ReportMaxChars }},

	{"cache.size", "100000", "How many facts of each kind a node remembers.", func(c *Config) any { return &c.Cache.Size }},
	{"unified_limit.enforcement_model", "flat", "flat, or strict_two_level: limits of projects stay within those of their domain, and projects nest two deep at most. The server does not start with it while they nest deeper.", func(c *Config) any { return &c.UnifiedLimit.EnforcementModel }},
	{"endpoint_filter.return_all_endpoints_if_no_filter", "true", "Whether the catalog of a project that is associated with no endpoint and no endpoint group shows every endpoint, or none.", func(c *Config) any { return &c.EndpointFilter.ReturnAllEndpointsIfNoFilter }},
	{"policy.file", `""`, "An operator's policy.yaml; empty for the defaults. `identity policy print` shows them.", func(c *Config) any { return &c.Policy.File }},
	{"policy.confine_domain_tokens", "true", "Refuse domain-scoped tokens everything outside their domain. Keystone's rules let an administrator of one domain act on all.", func(c *Config) any { return &c.Policy.ConfineDomainTokens }},
	{"security.contact", `""`, "Where to report a vulnerability (mailto: or https:), shown in /.well-known/security.txt.", func(c *Config) any { return &c.Security.Contact }},
	{"log.level", "info", "debug, info, warn or error.", func(c *Config) any { return &c.Log.Level }},
	{"log.format", "json", "json or text.", func(c *Config) any { return &c.Log.Format }},
	{"log.refusals_per_second", "50", "How many lines a second a node logs about requests that it refused, which anybody can cause; further ones are counted in a line. Events of failed sign-ins are not affected. 0 is no limit.", func(c *Config) any { return &c.Log.RefusalsPerSecond }},
}
