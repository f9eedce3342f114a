package apitest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// SignedEC2 is the body of a sign-in with a request of EC2 at a time, signed by version 2.
func SignedEC2(access, secret string, at time.Time) map[string]any {
	stamp := at.UTC().Format(time.RFC3339)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("GET\nec2.test\n/\nAction=List&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=" + strings.ReplaceAll(stamp, ":", "%3A")))
	return map[string]any{"credentials": map[string]any{
		"access": access, "signature": base64.StdEncoding.EncodeToString(h.Sum(nil)), "host": "ec2.test", "verb": "GET", "path": "/",
		"params": map[string]any{"Action": "List", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2", "Timestamp": stamp},
	}}
}
