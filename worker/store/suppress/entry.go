package suppress

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/topic"
)

// Reason codes that Herald itself uses. Operators may use others.
const (
	HardBounce   = "hard_bounce"  // there is no such mailbox
	Unsubscribed = "unsubscribed" // the recipient asked for it
	Complaint    = "complaint"    // the recipient reported a message as spam
	Spam         = "spam"         // a conversation with them was marked as spam
	Resubscribed = "resubscribed" // the recipient wants messages of a topic again, after they had refused all
	Manual       = "manual"       // an operator's decision; the code of entries that give none
)

// OwnReasons are the codes that Herald itself uses.
var OwnReasons = []string{HardBounce, SoftBounces, Unsubscribed, Resubscribed, Complaint, Spam, Manual}

// Entry says of an address, or of every address of a domain, whether it may be written to.
type Entry struct {
	Address string `json:"address"`         // the key of an address, or *@ and a domain
	Topic   string `json:"topic"`           // topic.All where empty
	Allow   bool   `json:"allow,omitempty"` // on the allow list instead of the block list
	Reason  string `json:"reason"`          // a code: lower-case letters, digits and _, at most 40; Manual when empty
	// Source is where the entry comes from, for people: a bulk, an import. At most 100 bytes.
	Source string    `json:"source,omitempty"`
	At     time.Time `json:"at"` // to the second, UTC
}

// Text says for people why the address may not be written to.
func (e Entry) Text() string {
	text := "on the suppression list"
	if strings.HasPrefix(e.Address, "*") {
		text += " by " + e.Address
	}
	if e.Topic != "" && e.Topic != topic.All {
		text += " for the topic " + e.Topic
	}
	if e.Erased() {
		text += " by a hash"
	}
	if !e.At.IsZero() {
		text += " since " + e.At.UTC().Format(time.DateOnly)
	}
	if e.Source != "" {
		text += " (source: " + e.Source + ")"
	}
	return text
}

var reasonPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func checkReason(code string) error {
	if !reasonPattern.MatchString(code) {
		return fmt.Errorf("reason %.60q: want a code of lower-case letters, digits and _, such as %s or %s", code, Unsubscribed, Complaint)
	}
	return nil
}

func checkSource(s string) error {
	if len(s) > 100 || !printable(s) {
		return errors.New("source: want at most 100 bytes of printable text")
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// encode is the entry's value in Redis: the list (b or a) and the Unix time in base 36, the reason code, the source;
// separated by spaces, as in "bt6zrls hard_bounce bulk news".
func (e Entry) encode() string {
	list := "b"
	if e.Allow {
		list = "a"
	}
	value := list + strconv.FormatInt(e.At.Unix(), 36) + " " + e.Reason
	if e.Source != "" {
		value += " " + e.Source
	}
	return value
}

// decode reads what encode wrote. A value that it does not understand blocks: that is the safe side.
func decode(field, value string) Entry {
	head, rest, _ := strings.Cut(value, " ")
	e := Entry{Allow: strings.HasPrefix(head, "a")}
	e.Address, e.Topic = splitField(field)
	e.Reason, e.Source, _ = strings.Cut(rest, " ")
	if e.Reason == "" {
		e.Reason = Manual
	}
	if head != "" {
		if at, err := strconv.ParseInt(head[1:], 36, 64); err == nil {
			e.At = time.Unix(at, 0).UTC()
		}
	}
	return e
}
