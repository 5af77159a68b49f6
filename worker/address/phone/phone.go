// Package phone reads phone numbers in all spellings and returns them in E.164, the form that is dialled and that is
// the key of a number. It contains the numbering plans of all countries, about 3 MB in a program.
package phone

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"github.com/heraldsend/herald/worker/address"
)

const (
	maxText   = 200 // bytes of a spelling
	maxDigits = 15  // E.164
)

// Errors don't show the number: they may be logged.
var (
	errNoNumber  = errors.New("not a phone number that can exist; want one in international form, such as +447912345678")
	errNational  = errors.New("the number has no country's code: write it in international form, such as +447912345678, or set a default country (HERALD_COUNTRY)")
	errRounded   = errors.New("a spreadsheet has rounded the number, as in 4.47912E+11: its digits are lost; format the column as text and export it again")
	errFraction  = errors.New("the number ends in .0: a program took it for a fraction; format the column as text and export it again")
	errExtension = errors.New("the number has an extension, which an SMS can't reach; leave it out")
)

// Parser reads addresses of every kind, with this default country for phone numbers.
func Parser(country string) address.Parser { return address.Parser{Phones: Parse, Country: country} }

// CheckCountry wants the ISO 3166 code of a country that has phone numbers, or nothing.
func CheckCountry(code string) error {
	if err := address.CheckCountry(code); err != nil {
		return err
	}
	if code != "" && phonenumbers.GetCountryCodeForRegion(code) == 0 {
		return fmt.Errorf("%q is not the ISO 3166 code of a country with phone numbers; want one such as GB", code)
	}
	return nil
}

// Parse returns a phone number in E.164, such as +447912345678. It reads separators, hyphens and digits of all
// scripts, `(0)`, a 00 before the country's code and the schemes tel, sms and whatsapp. country (ISO 3166) is for
// numbers without a country's code; without country these are errors. The error doesn't show the number.
func Parse(text, country string) (string, error) {
	s, err := plain(text)
	if err != nil {
		return "", err
	}
	digits, err := compact(s)
	if err != nil {
		return "", err
	}
	if err := CheckCountry(country); err != nil {
		return "", fmt.Errorf("default country: %w", err)
	}
	number := candidate(digits, strings.Replace(s, "(0)", "", 1), country)
	switch {
	case number == "" && country == "" && digits[0] != '+' && !strings.HasPrefix(digits, "00"):
		return "", errNational
	case number == "" || len(number) > maxDigits+1:
		return "", errNoNumber
	case number != digits && dial(number, "") != number:
		return "", errNoNumber // it would be another number when it is read again
	}
	return number, nil
}

// Check accepts a number only in the form that Parse returns.
func Check(number string) error {
	got, err := Parse(number, "")
	if err == nil && got != number {
		return errNoNumber
	}
	return err
}

// ParseSender reads the sender of an SMS: a phone number, a short code of 3 to 6 digits, or a name of at most 11
// letters, digits and blanks with a letter among them.
func ParseSender(text, country string) (string, error) {
	s, err := plain(text)
	if err != nil {
		return "", err
	}
	if shortCode.MatchString(s) || senderName.MatchString(s) && strings.ContainsFunc(s, unicode.IsLetter) {
		return s, nil
	}
	return Parse(s, country)
}

var (
	shortCode  = regexp.MustCompile(`^[0-9]{3,6}$`)
	senderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 &._+-]{0,10}$`)
	rounded    = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$`)
	fraction   = regexp.MustCompile(`^\+?[0-9]{6,}[.,]0+$`)
	extension  = regexp.MustCompile(`(?i)(ext|x|#|;)[a-z.=: ]*[0-9]+$`)
	scheme     = regexp.MustCompile(`(?i)^(tel|sms|whatsapp): *`)
)

// plain writes a spelling in ASCII where that means the same, without invisible characters, a scheme, or the
// apostrophe with which a spreadsheet marks text.
func plain(s string) (string, error) {
	switch {
	case len(s) > maxText:
		return "", fmt.Errorf("%d bytes are not a phone number", len(s))
	case !utf8.ValidString(s):
		return "", errors.New("the number is not valid UTF-8")
	}
	s = strings.TrimSpace(strings.Map(plainRune, norm.NFKC.String(s)))
	s = strings.TrimPrefix(scheme.ReplaceAllString(s, ""), "'")
	switch {
	case s == "":
		return "", errors.New("the number is empty")
	case rounded.MatchString(s):
		return "", errRounded
	case fraction.MatchString(s):
		return "", errFraction
	case extension.MatchString(s):
		return "", errExtension
	}
	return s, nil
}

func plainRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf && r > ' ':
		return r
	case unicode.IsSpace(r):
		return ' '
	case address.IsInvisible(r):
		return -1
	case unicode.Is(unicode.Pd, r), r == '−', r == 'ー': // minus; the vowel mark that stands for a hyphen in Japanese
		return '-'
	case unicode.Is(unicode.Nd, r):
		return '0' + address.Digit(r)
	}
	return r
}

// compact keeps the digits, and a + before them.
func compact(s string) (string, error) {
	digits := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '+' && len(digits) == 0:
			digits = append(digits, byte(r))
		case strings.ContainsRune(" -./()[]", r):
		case unicode.IsLetter(r):
			return "", errors.New("the number holds letters; want digits")
		default:
			return "", fmt.Errorf("the number holds %q", r)
		}
	}
	if len(digits) < 3 {
		return "", errNoNumber
	}
	return string(digits), nil
}

// candidate is the first reading of digits that can be a number, or "". bare is the spelling without a (0).
func candidate(digits, bare, country string) string {
	rest, zeros := strings.CutPrefix(digits, "00")
	switch {
	case digits[0] == '+':
		if number := dial(digits, ""); number != "" {
			return number
		}
		// The zero between country and city is dialled in some countries and is an error in others.
		if bare, err := compact(bare); err == nil {
			return dial(bare, "")
		}
		return ""
	case zeros:
		if number := fromAbroad("+"+rest, digits, country); number != "" {
			return number
		}
	}
	if country == "" {
		return ""
	}
	return dial(digits, country)
}

// fromAbroad reads a number that begins with 00, or gives "" where that begins no country's code. In some countries one
// dials abroad with more than 00 (0011 from Australia), so there are two readings: one that is in use somewhere wins.
func fromAbroad(plus, digits, country string) string {
	number := dial(plus, "")
	if country == "" || inUse(number) {
		return number
	}
	n, err := phonenumbers.ParseAndKeepRawInput(digits, country)
	if err != nil || n.GetCountryCodeSource() != phonenumbers.PhoneNumber_FROM_NUMBER_WITH_IDD || !phonenumbers.IsPossibleNumber(n) {
		return number
	}
	if own := phonenumbers.Format(n, phonenumbers.E164); number == "" || inUse(own) {
		return own
	}
	return number
}

// inUse reports whether a number is within a range that its country has given out.
func inUse(number string) bool {
	n, err := phonenumbers.Parse(number, "")
	return err == nil && phonenumbers.IsValidNumber(n)
}

// dial is the E.164 form of a number, or "" where there can be none.
func dial(digits, country string) string {
	n, err := phonenumbers.Parse(digits, country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}
