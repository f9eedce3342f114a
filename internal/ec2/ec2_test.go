package ec2

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/fault"
)

// The secrets of Amazon's published examples.
const (
	amazon  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	amazon4 = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	empty   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of nothing
)

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// jobFlows is the example of version 2 in the reference of Elastic MapReduce.
func jobFlows() Request {
	return Request{
		Access: "AKIAIOSFODNN7EXAMPLE", Signature: "i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf/Mj6vPxyYIs=",
		Host: "elasticmapreduce.amazonaws.com", Verb: "GET", Path: "/",
		Params: map[string]string{
			"AWSAccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Action": "DescribeJobFlows", "SignatureMethod": "HmacSHA256",
			"SignatureVersion": "2", "Timestamp": "2011-10-03T15:19:30", "Version": "2009-03-31",
		},
	}
}

// listUsers is the example of version 4 in the reference of IAM.
func listUsers() Request {
	return Request{
		Access: "AKIDEXAMPLE", Signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		Host: "iam.amazonaws.com", Verb: "GET", Path: "/", BodyHash: empty,
		Params: map[string]string{"Action": "ListUsers", "Version": "2010-05-08"},
		Headers: map[string]string{
			"Host": "iam.amazonaws.com", "X-Amz-Date": "20150830T123600Z", "Content-Type": " application/x-www-form-urlencoded;  charset=utf-8 ",
			"Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
	}
}

// presigned has all its parts in parameters.
func presigned() Request {
	return Request{
		Access: "acc", Signature: "8309a5cc165bae5586c4eb3fd82f38e64502f6630a206adca5bbe35cd25fdff3",
		Host: "h:8773", Verb: "get", Path: "/x", BodyHash: empty, Headers: map[string]string{"host": "h:8773"},
		Params: map[string]string{
			"Action": "Describe", "X-Amz-Algorithm": algorithm, "X-Amz-Credential": "acc/20260718/r/ec2/aws4_request",
			"X-Amz-Date": "20260718T100000Z", "X-Amz-SignedHeaders": "host", "X-Amz-Expires": "60", "X-Amz-Signature": "8309…",
		},
	}
}

// odd has names and values that must be encoded.
func odd() Request {
	return Request{
		Access: "k e/y~", Signature: "sf1d2LM6kv16r6lpfUz1ea13ulI8jrWNX1Th+AEEkAI=", Host: "h:8773", Verb: "POST", Path: "/services/Cloud",
		Params: map[string]string{
			"AWSAccessKeyId": "k e/y~", "SignatureVersion": "2", "Timestamp": "2026-07-18T10:00:00Z", "Signature": "sf1d…",
			"SignatureMethod": "HmacSHA256", "Action": "Ünïcode & more=*'()", "a": "1", "A": "2", "a-b": "+ %",
		},
	}
}

// TestSignatures holds the canonical forms to Amazon's examples, and to ones that a program of few lines in another
// language computed.
func TestSignatures(t *testing.T) {
	t.Parallel()
	vanilla := Request{ // get-vanilla of Amazon's test suite of version 4
		Access: "AKIDEXAMPLE", Signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", Verb: "GET", Path: "/", BodyHash: empty,
		Headers: map[string]string{
			"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z",
			"Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date",
		},
	}
	post := Request{
		Access: "acc", Signature: "db191a32e4184bfe51f2ba20e48db92a18fe53afc7bd2203aa3080e1bc0c3c0b", Verb: "POST", Path: "/",
		BodyHash: "96b84bc63aab8bc6b1dce24e5c101f708ef0818c58c3a8173740d8af0c91b8c6", Params: map[string]string{"Action": "Describe"},
		Headers: map[string]string{
			"HOST": "h:8773", "x-amz-date": "20260718T100000Z",
			"authorization": "AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date,Credential=acc/20260718/r/ec2/aws4_request,Signature=x",
		},
	}
	bare := odd()
	bare.Signature = "JacxE9MvA+7aj1jKeRS3FcvMVWGfw32iRhnDu6hBl7w="
	for name, row := range map[string]struct {
		r          Request
		secret, at string
	}{
		"version 2, Amazon's example":         {jobFlows(), amazon, "2011-10-03T15:19:30Z"},
		"version 2, 14 minutes later":         {jobFlows(), amazon, "2011-10-03T15:33:30Z"},
		"version 2, of 14 minutes ahead":      {jobFlows(), amazon, "2011-10-03T15:05:30Z"},
		"version 2, what must be encoded":     {odd(), "sécret", "2026-07-18T10:00:00Z"},
		"version 2, the host without a port":  {bare, "sécret", "2026-07-18T10:00:00Z"},
		"version 4, Amazon's example":         {listUsers(), amazon4, "2015-08-30T12:36:00Z"},
		"version 4, Amazon's simplest":        {vanilla, amazon4, "2015-08-30T12:36:00Z"},
		"version 4, parameters of the body":   {post, "secret-one", "2026-07-18T10:00:00Z"},
		"version 4, everything in parameters": {presigned(), "secret-one", "2026-07-18T10:00:00Z"},
	} {
		if err := Verify(row.r, row.secret, instant(t, row.at)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusedSignatures(t *testing.T) {
	t.Parallel()
	alter := func(r Request, change func(*Request)) Request {
		r.Params, r.Headers = maps.Clone(r.Params), maps.Clone(r.Headers)
		change(&r)
		return r
	}
	param := func(name, value string) func(*Request) { return func(r *Request) { r.Params[name] = value } }
	header := func(name, value string) func(*Request) { return func(r *Request) { r.Headers[name] = value } }
	const wrong, version, noTime, late = "wrong_signature", "signature_version_refused", "timestamp_required", "timestamp_out_of_range"
	two, four, query := instant(t, "2011-10-03T15:19:30Z"), instant(t, "2015-08-30T12:36:00Z"), instant(t, "2026-07-18T10:00:00Z")
	for name, row := range map[string]struct {
		r      Request
		at     time.Time
		reason string
	}{
		"nothing at all":      {Request{Access: "a"}, two, version},
		"version 0":           {alter(jobFlows(), param("SignatureVersion", "0")), two, version},
		"version 1":           {alter(jobFlows(), param("SignatureVersion", "1")), two, version},
		"version 4 by number": {alter(jobFlows(), param("SignatureVersion", "4")), two, version},
		"an empty version":    {alter(jobFlows(), param("SignatureVersion", "")), two, version},
		"version 2, no time":  {alter(jobFlows(), func(r *Request) { delete(r.Params, "Timestamp") }), two, noTime},
		"version 2, its time in a header": {alter(jobFlows(), func(r *Request) {
			delete(r.Params, "Timestamp")
			r.Headers = map[string]string{"X-Amz-Date": "20111003T151930Z"}
		}), two, noTime},
		"version 2, no time at all like that":    {alter(jobFlows(), param("Timestamp", "yesterday")), two, late},
		"version 2, another time":                {alter(jobFlows(), param("Timestamp", "2011-10-03T15:19:31")), two, wrong},
		"version 2, late":                        {jobFlows(), two.Add(Window + time.Second), late},
		"version 2, of the future":               {jobFlows(), two.Add(-Window - time.Second), late},
		"version 2, another verb":                {alter(jobFlows(), func(r *Request) { r.Verb = "POST" }), two, wrong},
		"version 2, another path":                {alter(jobFlows(), func(r *Request) { r.Path = "/x" }), two, wrong},
		"version 2, another host":                {alter(jobFlows(), func(r *Request) { r.Host = "example.org" }), two, wrong},
		"version 2, another action":              {alter(jobFlows(), param("Action", "Terminate")), two, wrong},
		"version 2, one parameter more":          {alter(jobFlows(), param("X", "")), two, wrong},
		"version 2, another's key":               {alter(jobFlows(), func(r *Request) { r.Access = "other" }), two, wrong},
		"version 2, no signature":                {alter(jobFlows(), func(r *Request) { r.Signature = "" }), two, wrong},
		"version 4, late":                        {listUsers(), four.Add(Window + time.Second), late},
		"version 4, of the future":               {listUsers(), four.Add(-Window - time.Second), late},
		"version 4, no date":                     {alter(listUsers(), func(r *Request) { delete(r.Headers, "X-Amz-Date") }), four, noTime},
		"version 4, a date of another form":      {alter(listUsers(), header("X-Amz-Date", "2015-08-30T12:36:00Z")), four, late},
		"version 4, two dates":                   {alter(listUsers(), header("x-amz-date", "20150830T123600Z")), four, wrong},
		"version 4, a day that is not the scope": {alter(listUsers(), header("X-Amz-Date", "20150831T123600Z")), four.Add(24 * time.Hour), wrong},
		"version 4, another path":                {alter(listUsers(), func(r *Request) { r.Path = "/users" }), four, wrong},
		"version 4, another verb":                {alter(listUsers(), func(r *Request) { r.Verb = "DELETE" }), four, wrong},
		"version 4, another body":                {alter(listUsers(), func(r *Request) { r.BodyHash = empty[1:] + "0" }), four, wrong},
		"version 4, no body hash":                {alter(listUsers(), func(r *Request) { r.BodyHash = "" }), four, wrong},
		"version 4, another action":              {alter(listUsers(), param("Action", "DeleteUser")), four, wrong},
		"version 4, another host":                {alter(listUsers(), header("Host", "example.org")), four, wrong},
		"version 4, another's key":               {alter(listUsers(), func(r *Request) { r.Access = "other" }), four, wrong},
		"version 4, another algorithm":           {alter(listUsers(), header("Authorization", "AWS4-HMAC-SHA1 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request")), four, version},
		"version 4, a longer scope":              {alter(listUsers(), header("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/x/aws4_request")), four, wrong},
		"version 4, no scope":                    {alter(listUsers(), header("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE")), four, wrong},
		"in parameters, another parameter":       {alter(presigned(), param("Action", "Terminate")), query, wrong},
		"in parameters, signed for longer":       {alter(presigned(), param("X-Amz-Expires", "9999999")), query, wrong},
		"in parameters, late":                    {presigned(), query.Add(time.Hour), late},
	} {
		for _, secret := range []string{amazon, amazon4, "secret-one"} { // the right one is among them
			if err := Verify(row.r, secret, row.at); !fault.Is(err, fault.Unauthorized) || fault.ReasonOf(err) != row.reason {
				t.Errorf("%s: %v (%s), want %s", name, err, fault.ReasonOf(err), row.reason)
			}
		}
	}
}

const rangeV4 = algorithm + "\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972"

func TestS3(t *testing.T) {
	t.Parallel()
	const wrong, version, noTime, late = "wrong_signature", "signature_version_refused", "timestamp_required", "timestamp_out_of_range"
	const puppy, ofPuppy = "GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/johnsmith/photos/puppy.jpg", "bWq2s1WEIj+Ydj0vQ697zp+IXMU="
	const gone, ofGone = "DELETE\n\n\n\nx-amz-date:Tue, 27 Mar 2007 21:20:26 +0000\n/johnsmith/photos/puppy.jpg", "R4dJ53KECjStyBO5iTBJZ4XVOaI="
	const link, ofLink = "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg", "NpgCjnDzrM+WFzoENXmpNDUsSn8="
	const ofRange = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
	for name, row := range map[string]struct{ text, signature, at, reason string }{
		"S3's own, Amazon's example":   {puppy, ofPuppy, "2007-03-27T19:36:42Z", ""},
		"S3's own, its header's date":  {gone, ofGone, "2007-03-27T21:25:00Z", ""},
		"S3's own, a link":             {link, ofLink, "2007-03-29T03:30:00Z", ""},
		"version 4, Amazon's example":  {rangeV4, ofRange, "2013-05-24T00:14:00Z", ""},
		"late":                         {puppy, ofPuppy, "2007-03-27T19:51:43Z", late},
		"of the future":                {puppy, ofPuppy, "2007-03-27T19:21:41Z", late},
		"a header's date, late":        {gone, ofGone, "2007-03-27T21:40:00Z", late},
		"a link that ended":            {link, ofLink, "2007-03-29T03:40:20Z", late},
		"a link of long life":          {link, ofLink, "2007-03-29T03:20:00Z", late},
		"another resource":             {puppy + "x", ofPuppy, "2007-03-27T19:36:42Z", wrong},
		"another verb":                 {strings.Replace(puppy, "GET", "PUT", 1), ofPuppy, "2007-03-27T19:36:42Z", wrong},
		"another signature":            {puppy, ofLink, "2007-03-27T19:36:42Z", wrong},
		"no signature":                 {puppy, "", "2007-03-27T19:36:42Z", wrong},
		"no date":                      {"GET\n\n\n\n/johnsmith", ofPuppy, "2007-03-27T19:36:42Z", noTime},
		"a date behind the resource":   {"GET\n\n\n\n/johnsmith\nx-amz-date:Tue, 27 Mar 2007 19:36:42 +0000", ofPuppy, "2007-03-27T19:36:42Z", noTime},
		"no date at all like that":     {"GET\n\n\nnow\n/johnsmith", ofPuppy, "2007-03-27T19:36:42Z", late},
		"no text to sign":              {"GET", ofPuppy, "2007-03-27T19:36:42Z", version},
		"nothing":                      {"", "", "2007-03-27T19:36:42Z", version},
		"version 4, late":              {rangeV4, ofRange, "2013-05-24T00:15:01Z", late},
		"version 4, of the future":     {rangeV4, ofRange, "2013-05-23T23:44:59Z", late},
		"version 4, another hash":      {rangeV4 + "0", ofRange, "2013-05-24T00:00:00Z", wrong},
		"version 4, another service":   {strings.Replace(rangeV4, "/s3/", "/ec2/", 1), ofRange, "2013-05-24T00:00:00Z", wrong},
		"version 4, another region":    {strings.Replace(rangeV4, "us-east-1", "us", 1), ofRange, "2013-05-24T00:00:00Z", wrong},
		"version 4, another day":       {strings.Replace(rangeV4, "\n20130524/", "\n20130525/", 1), ofRange, "2013-05-24T00:00:00Z", wrong},
		"version 4, a line more":       {rangeV4 + "\n", ofRange, "2013-05-24T00:00:00Z", version},
		"version 4, another algorithm": {strings.Replace(rangeV4, "SHA256", "SHA1", 1), ofRange, "2013-05-24T00:00:00Z", version},
	} {
		err := VerifyS3(row.text, row.signature, amazon, instant(t, row.at))
		if fault.ReasonOf(err) != row.reason || (err == nil) != (row.reason == "") {
			t.Errorf("%s: %v (%s), want %q", name, err, fault.ReasonOf(err), row.reason)
		}
	}
}

// TestEncoding: the canonical query is made of unreserved characters, and no two different sets of parameters have
// the same.
func TestEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		params := rapid.MapOf(rapid.String(), rapid.String())
		a, b := params.Draw(t, "a"), params.Draw(t, "b")
		same := func(s string) string { return s }
		delete(a, "Signature")
		delete(b, "Signature")
		ofA := canonicalQuery(a, same)
		if (ofA == canonicalQuery(b, same)) != maps.Equal(a, b) {
			t.Fatalf("%v and %v", a, b)
		}
		if i := strings.IndexFunc(ofA, func(r rune) bool { return r > '~' || r <= ' ' }); i >= 0 {
			t.Fatalf("%q", ofA)
		}
	})
}

// shelf has one key, and a gate that says what it was asked.
type shelf struct {
	key    credential.AccessKey
	asked  auth.Voucher
	refuse error
}

func (s *shelf) AccessKey(_ context.Context, access string) (credential.AccessKey, error) {
	if access != s.key.Access {
		return credential.AccessKey{}, fault.New(fault.NotFound, "no")
	}
	return s.key, nil
}

func (s *shelf) Vouch(_ context.Context, v auth.Voucher) (auth.Issued, error) {
	s.asked = v
	return auth.Issued{Text: "token"}, s.refuse
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	at := instant(t, "2011-10-03T15:19:30Z")
	s := &shelf{key: credential.AccessKey{
		Access: jobFlows().Access, Secret: amazon, UserID: "ann", ProjectID: "web", ChainID: "chain",
		Made: credential.Proof{Methods: []string{"password"}, AuthTime: at.Add(-time.Hour)},
	}}
	service := NewService(s, s, func() time.Time { return at })
	unknown, wrong := jobFlows(), jobFlows()
	unknown.Access, wrong.Signature = "other", "x"
	for name, row := range map[string]struct {
		r    Request
		kind fault.Kind
	}{"no key": {Request{}, fault.Unauthorized}, "an unknown key": {unknown, fault.NotFound}, "a wrong signature": {wrong, fault.Unauthorized}} {
		if _, err := service.SignIn(t.Context(), row.r, false); !fault.Is(err, row.kind) || s.asked.UserID != "" {
			t.Errorf("%s: %v, asked %+v", name, err, s.asked)
		}
	}
	if _, err := service.SignInS3(t.Context(), S3Request{s.key.Access, "x", "eA=="}, false); !fault.Is(err, fault.Unauthorized) || s.asked.UserID != "" {
		t.Errorf("S3, no text to sign: %v", err)
	}
	if _, err := service.SignInS3(t.Context(), S3Request{s.key.Access, "x", "ä"}, false); !fault.Is(err, fault.BadRequest) {
		t.Errorf("S3, no base64: %v", err)
	}
	s.key.Bound = true
	if _, err := service.SignIn(t.Context(), jobFlows(), false); fault.ReasonOf(err) != "access_key_bound" || s.asked.UserID != "" {
		t.Errorf("a key of a trust: %v", err)
	}
	s.key.Bound = false
	s.refuse = errors.New("disk")
	if _, err := service.SignIn(t.Context(), jobFlows(), true); !errors.Is(err, s.refuse) {
		t.Errorf("the gate's refusal: %v", err)
	}
	v := s.asked
	if v.Method != "ec2credential" || v.UserID != "ann" || v.ProjectID != "web" || v.ChainID != "chain" || !v.OldAPI ||
		len(v.Methods) != 1 || !v.AuthTime.Equal(s.key.Made.AuthTime) || v.ExpiresAt != nil {
		t.Errorf("asked %+v", v)
	}
}
