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

// Sizes that RFC 5321 section 4.5.3.1 sets, in bytes, and our own for names.
const (
	maxLocal  = 64
	maxDomain = 253
	maxLabel  = 63
	maxName   = 255
)

// ParseMailbox reads one mailbox: `local@domain`, `Name <local@domain>` or `"Name, quoted" <local@domain>`.
// It is stricter than RFC 5322, since what passes here reaches SMTP commands: no comments, groups, quoted local parts,
// address literals, domains without a dot, control characters. An IDN domain becomes punycode, full-width letters become
// ASCII, and what is invisible goes. Inside an address, overrides of the direction are refused instead: they show people
// another address than the one that is written to.
func ParseMailbox(s string) (Address, error) {
	if len(s) > maxName+MaxLength+64 {
		return Address{}, fmt.Errorf("address is %d bytes long", len(s))
	}
	s = trim(s)
	switch {
	case s == "":
		return Address{}, errors.New("address is empty")
	case !utf8.ValidString(s):
		return Address{}, errors.New("address is not valid UTF-8")
	}
	if !strings.HasSuffix(s, ">") {
		return newAddress("", s)
	}
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		return Address{}, fmt.Errorf("address %.100q closes with > without a <", s)
	}
	name, err := parseName(trim(StripBidi(s[:open])))
	if err != nil {
		return Address{}, err
	}
	return newAddress(name, s[open+1:len(s)-1])
}

// CheckMailbox accepts an address only in the form that ParseMailbox returns.
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

// newAddress reads the mailbox of a name. Its error shows the mailbox, for the person who typed it.
func newAddress(name, mailbox string) (Address, error) {
	addr, err := parseMailbox(plainMailbox(mailbox))
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

// plainMailbox writes full-width letters, as Asian keyboards make them, in ASCII. It leaves out invisible characters,
// except joiners, which distinguish some domains, and overrides of the direction.
func plainMailbox(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xff01 + '!'
		case r == 0x200c || r == 0x200d || r == 0x202d || r == 0x202e || !IsInvisible(r):
			return r
		}
		return -1
	}, trim(s))
}

// mailboxKey folds the case of the local part. The domain of a mailbox that travels is folded already.
func mailboxKey(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	for i := 0; i < at; i++ {
		if addr[i] >= utf8.RuneSelf {
			return norm.NFC.String(strings.Map(foldCase, addr[:at])) + addr[at:]
		}
	}
	return strings.ToLower(addr)
}

// foldCase is the lower case of the first of all letters that differ from r only by case: Σ, σ and ς give σ.
func foldCase(r rune) rune {
	first := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		first = min(first, f)
	}
	return unicode.ToLower(first)
}

// parseMailbox checks local@domain and returns its wire form. Its errors don't show the address: they may be logged.
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
