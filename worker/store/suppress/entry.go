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

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

// Reason codes that Herald itself gives. Others are the operators' own.
const (
	HardBounce   = "hard_bounce"  // there is no such mailbox
	Unsubscribed = "unsubscribed" // the recipient asked for it
	Complaint    = "complaint"    // the recipient reported a message as spam
	Manual       = "manual"       // an operator's decision; the code of entries that give none
)

// Entry says of an address, or of every address of a domain, whether it may be written to.
type Entry struct {
	Address string `json:"address"`         // as normalised for its channel, or *@ and a domain
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
	if !e.At.IsZero() {
		text += " since " + e.At.UTC().Format(time.DateOnly)
	}
	if e.Source != "" {
		text += " (source: " + e.Source + ")"
	}
	return text
}

// normal checks the entry and brings it into the form in which it is stored.
func (e Entry) normal(c message.Channel) (Entry, error) {
	var err error
	if e.Address, err = normalPattern(c, e.Address); err != nil {
		return e, err
	}
	if e.Reason == "" {
		e.Reason = Manual
	}
	e.Source = strings.TrimSpace(e.Source)
	e.At = e.At.UTC().Truncate(time.Second)
	return e, errors.Join(checkReason(e.Reason), checkSource(e.Source))
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

// decode reads what encode wrote. What it does not understand blocks: that is the safe side.
func decode(pattern, value string) Entry {
	head, rest, _ := strings.Cut(value, " ")
	e := Entry{Address: pattern, Allow: strings.HasPrefix(head, "a")}
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

// normalPattern gives an entry's address or wildcard in the form in which it is stored.
func normalPattern(c message.Channel, s string) (string, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "*") {
		return normalAddress(c, s)
	}
	domain, ok := strings.CutPrefix(s, "*@")
	if c != message.Email || !ok {
		return "", fmt.Errorf("%.100q: a wildcard is *@ and a domain, and for emails only", s)
	}
	domain, err := address.ParseDomain(domain)
	if err != nil {
		return "", fmt.Errorf("wildcard %.100q: %w", s, err)
	}
	return "*@" + domain, nil
}

// maxID is how long a phone number or a conversation's id may be, in bytes.
const maxID = 255

// normalAddress gives an address in the form by which it is found: emails without name, in lower case, with a punycode
// domain; phone numbers without spaces and punctuation; other ids as they are.
func normalAddress(c message.Channel, s string) (string, error) {
	switch c {
	case message.Email:
		a, err := address.ParseMailbox(s)
		return strings.ToLower(a.Addr), err
	case message.SMS:
		s = address.PlainNumber(s)
	default:
		s = strings.TrimSpace(s)
	}
	if s == "" || len(s) > maxID || !printable(s) {
		return "", fmt.Errorf("want an address for %s, of at most %d bytes", c, maxID)
	}
	return s, nil
}

// wildcard is the pattern that covers all addresses of the domain, or "" where there is none.
func wildcard(c message.Channel, address string) string {
	if c != message.Email {
		return ""
	}
	return "*@" + message.Address{Addr: address}.Domain()
}

// Validate reports every fault of an entry on a channel's list.
func (e Entry) Validate(c message.Channel) error {
	_, err := e.normal(c)
	return err
}
