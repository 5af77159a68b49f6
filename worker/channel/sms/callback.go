package sms

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's signature is HMAC-SHA1
	"encoding/base64"
	"maps"
	"net/url"
	"slices"

	"github.com/heraldsend/herald/worker/store/ledger"
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

// unsubscribed is Twilio's code of a message to a number that opted out.
const unsubscribed = "21610"

// ReadStatus reports whether a status callback says that the recipient has opted out.
func ReadStatus(form url.Values) Wish {
	if form.Get("ErrorCode") == unsubscribed {
		return OptOut
	}
	return NoWish
}

// unknownHandset is Twilio's code of a number that nobody has (twilio.com/docs/api/errors/30005).
const unknownHandset = "30005"

// ReadFeedback reports what a status callback says of its message, and Twilio's code where it failed. Statuses on the way
// (queued, sent, …) say nothing.
func ReadFeedback(form url.Values) (state ledger.FeedbackState, code string) {
	code = form.Get("ErrorCode")
	switch form.Get("MessageStatus") {
	case "delivered", "read":
		return ledger.Delivered, ""
	case "undelivered", "failed":
		switch code {
		case unsubscribed:
			return ledger.OptedOut, code
		case unknownHandset:
			return ledger.BouncedHard, code
		}
		return ledger.BouncedSoft, code
	}
	return ledger.Unconfirmed, ""
}
