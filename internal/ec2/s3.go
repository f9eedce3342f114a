package ec2

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // S3's own signature is HMAC-SHA1, whose weakness is not that of SHA-1
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// servicesS3 are the services whose texts of version 4 may be handed on as S3's.
var servicesS3 = []string{"s3", "iam", "sts"}

// VerifyS3 checks the signature of a text to sign of S3: version 4 when it says so, else S3's own. It fails with
// Unauthorized and a reason.
func VerifyS3(text, signature, secret string, now time.Time) error {
	sign := func(text, secret string) (string, time.Time, error) { return signS3(text, secret, now) }
	if strings.HasPrefix(text, "AWS4") {
		sign = signS3V4
	}
	want, at, err := sign(text, secret)
	switch {
	case err != nil:
		return err
	case !within(at, now):
		return errTime
	case !same(want, signature):
		return errSignature
	}
	return nil
}

func signS3V4(text, secret string) (string, time.Time, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != algorithm {
		return "", time.Time{}, errVersion
	}
	scope := strings.Split(lines[2], "/")
	if len(scope) != 4 || !slices.Contains(servicesS3, scope[2]) {
		return "", time.Time{}, errSignature
	}
	key, at, err := scopedKey(secret, lines[2], lines[1])
	return hex.EncodeToString(sum(key, text)), at, err
}

// signS3 is S3's own signature over
//
//	verb \n MD5 of the content \n its type \n date \n headers of Amazon's, each with \n, and the resource
func signS3(text, secret string, now time.Time) (string, time.Time, error) {
	at, err := timeS3(text, now)
	if err != nil {
		return "", at, err
	}
	h := hmac.New(sha1.New, []byte(secret))
	_, _ = h.Write([]byte(text)) // never fails
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), at, nil
}

// timeS3 finds the time in a text to sign. A date of Amazon's own leaves the other one empty. In the links that
// others may follow it is the end in seconds, which here may not be farther away than any other time.
func timeS3(text string, now time.Time) (time.Time, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 5 {
		return time.Time{}, errVersion
	}
	date := lines[3]
	for _, line := range lines[4:] {
		if value, ok := strings.CutPrefix(line, "x-amz-date:"); ok {
			date = value
			break
		}
		if !strings.HasPrefix(line, "x-amz-") {
			break // the resource: no header comes behind it
		}
	}
	date = strings.TrimSpace(date)
	if date == "" {
		return time.Time{}, errNoTime
	}
	if seconds, err := strconv.ParseInt(date, 10, 64); err == nil {
		end := time.Unix(seconds, 0)
		if !now.Before(end) {
			return end, errTime
		}
		return end, nil
	}
	for _, layout := range []string{http.TimeFormat, time.RFC1123Z, time.RFC1123, stampV4} {
		if at, err := time.Parse(layout, date); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errTime
}
