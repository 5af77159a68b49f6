package sms

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's signature is HMAC-SHA1
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Verify reports whether Twilio made a callback: its X-Twilio-Signature is the HMAC-SHA1, by the account's token, of the
// URL that it called and the form's fields in the order of their names
// (twilio.com/docs/usage/security#validating-requests).
func Verify(authToken, calledURL string, form url.Values, signature string) bool {
	mac := hmac.New(sha1.New, []byte(authToken))
	_, _ = mac.Write([]byte(calledURL))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_, _ = mac.Write([]byte(name + value))
		}
	}
	got, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && authToken != "" && hmac.Equal(got, mac.Sum(nil))
}

// Wish is what a recipient asks for by an SMS of their own.
type Wish int

// The wishes.
const (
	NoWish Wish = iota
	OptOut      // no more messages
	OptIn       // messages again
)

// The words that carriers and Twilio take for these wishes (help.twilio.com, "Twilio support for opt-out keywords").
var (
	optOutWords = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
	optInWords  = []string{"START", "YES", "UNSTOP"}
)

// ReadWish tells what the sender of an incoming SMS asks for: as Twilio says, or as the whole text does.
func ReadWish(form url.Values) Wish {
	word := form.Get("OptOutType")
	if word == "" {
		word = strings.ToUpper(strings.TrimSpace(form.Get("Body")))
	}
	switch {
	case slices.Contains(optOutWords, word):
		return OptOut
	case slices.Contains(optInWords, word):
		return OptIn
	}
	return NoWish
}

// unsubscribed is Twilio's code of a message to a number that opted out.
const unsubscribed = "21610"

// ReadStatus tells of a status callback whether its recipient has opted out.
func ReadStatus(form url.Values) Wish {
	if form.Get("ErrorCode") == unsubscribed {
		return OptOut
	}
	return NoWish
}
