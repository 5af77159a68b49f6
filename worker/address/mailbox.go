package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Address is one mailbox. Name is what people read and may be empty; Addr is `local@domain` in the form that goes on
// the wire: the domain in lower case and punycode, the local part as given (it may hold letters beyond ASCII, which
// only a server with SMTPUTF8 takes).
type Address struct {
	Name string `json:"name,omitempty"`
	Addr string `json:"addr"`
}

// Sizes that RFC 5321 section 4.5.3.1 sets, in bytes, and our own for names.
const (
	maxLocal  = 64
	maxDomain = 253
	maxLabel  = 63
	maxName   = 255
)

// MaxLength is how long an address may be without its name, in bytes (RFC 5321).
const MaxLength = 254

// String is the address for people: `Name <addr>`. It is not safe as a mail header: the email channel encodes its own.
func (a Address) String() string {
	if a.Name == "" {
		return a.Addr
	}
	return a.Name + " <" + a.Addr + ">"
}

// Domain is the part after the @.
func (a Address) Domain() string {
	return a.Addr[strings.LastIndexByte(a.Addr, '@')+1:]
}

// ParseMailbox reads one mailbox: `local@domain`, `Name <local@domain>` or `"Name, quoted" <local@domain>`.
// It is stricter than RFC 5322, since what passes here reaches SMTP commands: no comments, groups, quoted local parts,
// address literals, domains without a dot, control or bidi characters. An IDN domain becomes punycode.
func ParseMailbox(s string) (Address, error) {
	if len(s) > maxName+MaxLength+64 {
		return Address{}, fmt.Errorf("address is %d bytes long", len(s))
	}
	s = strings.Trim(s, " \t")
	if s == "" {
		return Address{}, errors.New("address is empty")
	}
	if !strings.HasSuffix(s, ">") {
		return newAddress("", s)
	}
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		return Address{}, fmt.Errorf("address %.100q closes with > without a <", s)
	}
	name, err := parseName(strings.TrimRight(s[:open], " \t"))
	if err != nil {
		return Address{}, err
	}
	return newAddress(name, s[open+1:len(s)-1])
}

// CheckMailbox accepts an address only in the very form that ParseMailbox gives.
func CheckMailbox(a Address) error {
	if err := checkName(a.Name); err != nil {
		return fmt.Errorf("name %w", err)
	}
	if a.Addr == "" {
		return errors.New("is empty")
	}
	if len(a.Addr) > MaxLength {
		return fmt.Errorf("address is %d bytes long, at most %d", len(a.Addr), MaxLength)
	}
	got, err := parseMailbox(a.Addr)
	if err == nil && got != a.Addr {
		return errors.New("address is not in its wire form: use ParseMailbox")
	}
	return err
}

// newAddress reads the mailbox for a name, and shows it where it is wrong: the one who typed it needs to see it.
func newAddress(name, mailbox string) (Address, error) {
	addr, err := parseMailbox(mailbox)
	if err != nil {
		return Address{}, fmt.Errorf("address %.100q: %w", mailbox, err)
	}
	return Address{Name: name, Addr: addr}, nil
}

// ParseMailboxList reads mailboxes separated by commas; a comma within quotes or angle brackets separates nothing.
// Empty entries are errors, an empty list too.
func ParseMailboxList(s string) ([]Address, error) {
	var list []Address
	start, quoted, angle := 0, false, false
	for i := 0; i <= len(s); i++ {
		if i < len(s) {
			switch c := s[i]; {
			case quoted && c == '\\':
				i++
				continue
			case c == '"' && !angle:
				quoted = !quoted
				continue
			case quoted:
				continue
			case c == '<' || c == '>':
				angle = c == '<'
				continue
			case c != ',' || angle:
				continue
			}
		}
		if start > len(s) {
			break
		}
		a, err := ParseMailbox(s[start:min(i, len(s))])
		if err != nil {
			return nil, fmt.Errorf("address %d: %w", len(list)+1, err)
		}
		list = append(list, a)
		start = i + 1
	}
	return list, nil
}

// parseName reads a display name, bare or in quotes.
func parseName(s string) (string, error) {
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch c := s[i]; {
			case c == '"' && i == len(s)-1:
				return b.String(), checkName(b.String())
			case c == '"':
				return "", errors.New("text after the quoted name")
			case c == '\\' && i+1 < len(s):
				i++
				b.WriteByte(s[i])
			default:
				b.WriteByte(c)
			}
		}
		return "", errors.New("quoted name has no end")
	}
	if i := strings.IndexAny(s, `<>@,;:"\`); i >= 0 {
		return "", fmt.Errorf("name holds %q: put it in quotes", s[i])
	}
	return s, checkName(s)
}

// checkName refuses what must never reach a header: control characters, line separators, bidi overrides.
func checkName(s string) error {
	if len(s) > maxName {
		return fmt.Errorf("name is %d bytes long, at most %d", len(s), maxName)
	}
	return CheckLine(s)
}

// CheckLine refuses whatever could end a line, hide text or turn its direction.
func CheckLine(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return checkRunes(s[i:])
		}
	}
	return nil
}

func checkRunes(s string) error {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return errors.New("not valid UTF-8")
			}
		}
		if unicode.IsControl(r) || isSeparator(r) || IsBidi(r) {
			return fmt.Errorf("holds the character %U", r)
		}
	}
	return nil
}

func isSeparator(r rune) bool { return r == 0x2028 || r == 0x2029 }

// IsBidi reports the embeddings, overrides and isolates that reorder text; the plain marks LRM and RLM are left alone.
func IsBidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// parseMailbox checks local@domain and gives its wire form. Its errors don't show the address: they may be logged.
func parseMailbox(s string) (string, error) {
	at := strings.IndexByte(s, '@')
	switch {
	case at < 0:
		return "", errors.New("no @")
	case at == 0:
		return "", errors.New("nothing before the @")
	case strings.LastIndexByte(s, '@') != at:
		return "", errors.New("more than one @")
	}
	local, err := parseLocal(s[:at])
	if err != nil {
		return "", err
	}
	domain, err := ParseDomain(s[at+1:])
	if err != nil {
		return "", err
	}
	if len(local)+1+len(domain) > MaxLength {
		return "", fmt.Errorf("longer than %d bytes", MaxLength)
	}
	if local == s[:at] && domain == s[at+1:] {
		return s, nil
	}
	return local + "@" + domain, nil
}

// parseLocal checks a dot-atom, in ASCII or with letters, marks and digits beyond it (RFC 6531).
func parseLocal(s string) (string, error) {
	if len(s) > maxLocal {
		return "", fmt.Errorf("the part before the @ is longer than %d bytes", maxLocal)
	}
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
		} else if !isAtext(s[i]) && s[i] != '.' {
			return "", fmt.Errorf("the part before the @ holds %q", s[i])
		}
	}
	switch {
	case s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, ".."):
		return "", errors.New("a dot begins, ends or doubles in the part before the @")
	case strings.Contains(s, "=?"):
		return "", errors.New("the part before the @ holds an encoded word")
	case ascii:
		return s, nil
	case !utf8.ValidString(s):
		return "", errors.New("not valid UTF-8")
	}
	for _, r := range s {
		if r >= utf8.RuneSelf && !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			return "", fmt.Errorf("the part before the @ holds the character %U", r)
		}
	}
	return norm.NFC.String(s), nil
}

// isAtext reports RFC 5322's atext.
func isAtext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// ParseDomain checks a mail domain of at least two labels and gives it in lower case and punycode.
func ParseDomain(s string) (string, error) {
	if len(s) > maxDomain {
		return "", fmt.Errorf("the domain is longer than %d bytes", maxDomain)
	}
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii, err := idna.Lookup.ToASCII(s)
			if err != nil || !utf8.ValidString(s) {
				return "", errors.New("the domain is not a valid international domain name")
			}
			return ascii, checkDomain(ascii)
		}
	}
	s = strings.ToLower(s)
	return s, checkDomain(s)
}

// checkDomain checks letters, digits and hyphens, label by label; the last label must not be a number (an IP address).
func checkDomain(s string) error {
	labels, start, digits := 0, 0, true
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			c := s[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return fmt.Errorf("the domain holds %q", c)
			}
			digits = digits && '0' <= c && c <= '9'
			continue
		}
		label := s[start:i]
		switch {
		case label == "":
			return errors.New("the domain has an empty label")
		case len(label) > maxLabel:
			return fmt.Errorf("the domain has a label longer than %d bytes", maxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return errors.New("a label of the domain begins or ends with a hyphen")
		}
		labels++
		if i < len(s) {
			digits = true
		}
		start = i + 1
	}
	switch {
	case labels < 2:
		return errors.New("the domain has no dot")
	case digits:
		return errors.New("the domain ends in a number")
	case len(s) > maxDomain:
		return fmt.Errorf("the domain is longer than %d bytes", maxDomain)
	}
	return nil
}
