package content

import (
	"bytes"
	"errors"
	"strings"

	"golang.org/x/net/idna"

	"github.com/heraldsend/herald/render/plain"
)

// address is a URL that consists of the author's text and of values.
type address []addressPart

type addressPart struct {
	text    string
	value   int // its index; noValue: an empty one
	isValue bool
}

const noValue = -1

// nowhere is the address of a link that must not, or can't, be followed.
const nowhere = "#"

// What is wrong with an address, behind the words "the address …".
var (
	errEmptyAddress  = errors.New("is empty")
	errNoScheme      = errors.New("has no https:// at its beginning")
	errUnsafeScheme  = errors.New("could run a script")
	errBadHost       = errors.New("has a value that is no host")
	errBadPort       = errors.New("has a value that is no port")
	errBadNumber     = errors.New("has a value that is no telephone number")
	errFileOfValue   = errors.New("names a file by a value: write the name in the template")
	errBehindHost    = errors.New("has a value behind the host that would change the host")
	errNotInTemplate = errors.New("has a value right behind the host: write / before it in the template")
)

// Nowhere reports whether "#" replaced an address because of err.
func Nowhere(err error) bool { return err != nil && !errors.Is(err, errNotInTemplate) }

// assemble appends the URL with its values. A value stays in the part of the URL in which its author put it: the
// whole, host, port, path, query, or a telephone number. The error says why it can't; errNotInTemplate comes with a
// URL that works.
func (a address) assemble(dst []byte, value func(int) []byte) ([]byte, error) {
	begin := len(dst)
	var advice error
	for i, part := range a {
		if !part.isValue {
			dst = append(dst, part.text...)
			continue
		}
		var v []byte
		if part.value != noValue {
			v = bytes.TrimSpace(value(part.value))
		}
		var err error
		dst, err = a.appendValue(dst, begin, i, v)
		if errors.Is(err, errNotInTemplate) {
			advice, err = err, nil
		}
		if err != nil {
			return append(dst[:begin], v...), err
		}
	}
	if len(bytes.TrimSpace(dst[begin:])) == 0 {
		return dst, errEmptyAddress
	}
	if a.isOfValues() {
		if err := checkWhole(dst[begin:]); err != nil {
			return dst, err
		}
	}
	if !safeURL(string(dst[begin:])) {
		return dst, errUnsafeScheme
	}
	if bytes.HasPrefix(dst[begin:], []byte(attachmentsFolder)) {
		return dst, errFileOfValue
	}
	return dst, advice
}

// isOfValues reports whether the address begins with a value.
func (a address) isOfValues() bool { return len(a) > 0 && a[0].isValue }

// appendValue appends the value of part i; the address begins at begin in dst.
func (a address) appendValue(dst []byte, begin, i int, v []byte) ([]byte, error) {
	before := dst[begin:]
	scheme, rest, hasScheme := bytes.Cut(before, []byte(":"))
	switch {
	case len(before) == 0:
		return appendWhole(dst, v)
	case bytes.IndexByte(before, '?') >= 0 || bytes.IndexByte(before, '#') >= 0: // far quicker than ContainsAny, for each value again
		return appendURL(dst, v, placeQuery), nil
	case hasScheme && (bytes.EqualFold(scheme, []byte("tel")) || bytes.EqualFold(scheme, []byte("sms"))):
		if _, ok := plain.Number(string(v)); !ok && len(v) > 0 {
			return dst, errBadNumber
		}
		return append(dst, v...), nil
	}
	host, isHost := bytes.CutPrefix(rest, []byte("//"))
	if !hasScheme || !isHost || bytes.IndexByte(host, '/') >= 0 {
		return appendURL(dst, v, placePath), nil
	}
	return a.appendHost(dst, string(host), i, v)
}

// appendHost appends a value in the place of the host, behind the part of it that is already there.
func (a address) appendHost(dst []byte, host string, i int, v []byte) ([]byte, error) {
	next, isLast := byte(0), i+1 == len(a)
	if !isLast && !a[i+1].isValue && a[i+1].text != "" {
		next = a[i+1].text[0]
	}
	goesOn := next == '.' || next == '-' || next == ':' || isAlphanumeric(next) || next >= 0x80
	switch {
	case strings.HasSuffix(host, ":"):
		if !isPort(string(v)) {
			return dst, errBadPort
		}
		return append(dst, v...), nil
	case host == "":
		return appendHostAndPath(dst, v, goesOn, next, isLast)
	case len(v) == 0:
		return dst, nil
	case goesOn, strings.HasSuffix(host, "."), strings.HasSuffix(host, "-"), v[0] == '.' && a[i-1].isValue:
		name, ok := hostName(string(v), true)
		if !ok {
			return dst, errBadHost
		}
		return append(dst, name...), nil
	}
	port, path := v, []byte(nil)
	if at := bytes.IndexAny(v, "/?#"); at >= 0 {
		port, path = v[:at], v[at:]
	}
	if len(port) > 0 && (port[0] != ':' || !isPort(string(port[1:]))) {
		return dst, errBehindHost
	}
	dst = appendURL(append(dst, port...), path, placeWhole)
	if a[i-1].isValue {
		return dst, nil
	}
	return dst, errNotInTemplate
}

// appendHostAndPath appends a value that follows the scheme: a host, with a port and a path if these may follow.
func appendHostAndPath(dst, v []byte, goesOn bool, next byte, isLast bool) ([]byte, error) {
	for _, scheme := range []string{"https://", "http://"} {
		if len(v) > len(scheme) && strings.EqualFold(string(v[:len(scheme)]), scheme) {
			v = v[len(scheme):]
			break
		}
	}
	path := []byte(nil)
	if at := bytes.IndexAny(v, "/?#"); at >= 0 {
		v, path = v[:at], v[at:]
	}
	name, ok := hostName(string(v), goesOn)
	if !ok || goesOn && len(path) > 0 {
		return dst, errBadHost
	}
	dst = append(dst, name...)
	switch {
	case isLast:
		return appendURL(dst, path, placeWhole), nil
	case next == '/':
		path = bytes.TrimRight(path, "/")
	}
	if bytes.ContainsAny(path, "?#") {
		return dst, errBadHost
	}
	return appendURL(dst, path, placePath), nil
}

// hostName checks a host, or a part of one, without a port. Names beyond ASCII become punycode.
func hostName(s string, isPart bool) (string, bool) {
	if !isPart {
		if at := strings.LastIndexByte(s, ':'); at >= 0 && !strings.HasSuffix(s, "]") {
			if !isPort(s[at+1:]) {
				return "", false
			}
			name, ok := hostName(s[:at], false)
			return name + s[at:], ok
		}
		if inner, ok := strings.CutPrefix(s, "["); ok {
			inner, ok = strings.CutSuffix(inner, "]")
			return s, ok && strings.Trim(inner, "0123456789abcdefABCDEF:.") == "" && strings.Contains(inner, ":")
		}
	}
	if s == "" || len(s) > 253 {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; c < 0x80 && !isAlphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return "", false
		}
	}
	if isASCII(s) {
		return s, true
	}
	name, err := idna.Lookup.ToASCII(s)
	return name, err == nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isPort(s string) bool {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
		if n = n*10 + int(c-'0'); n > 65535 {
			return false
		}
	}
	return n > 0
}

// appendWhole appends a value that begins a URL, and may be the whole URL.
func appendWhole(dst, v []byte) ([]byte, error) {
	scheme, rest, ok := bytes.Cut(v, []byte("://"))
	if !ok || bytes.ContainsAny(scheme, "/?#") {
		return appendURL(dst, v, placeWhole), nil
	}
	end := bytes.IndexAny(rest, "/?#\\")
	if end < 0 {
		end = len(rest)
	}
	user := bytes.LastIndexByte(rest[:end], '@') + 1
	name, ok := hostName(string(rest[user:end]), false)
	if !ok && end > 0 {
		return dst, errBadHost
	}
	dst = append(appendURL(dst, scheme, placeWhole), "://"...)
	dst = append(appendURL(dst, rest[:user], placeWhole), name...)
	return appendURL(dst, rest[end:], placeWhole), nil
}

// checkWhole checks whether a URL that begins with a value works in a mail.
func checkWhole(url []byte) error {
	if url[0] == '#' {
		return nil
	}
	scheme, rest, ok := bytes.Cut(url, []byte(":"))
	switch {
	case !ok, bytes.ContainsAny(scheme, "/?#."), len(scheme) == 0:
		return errNoScheme
	case bytes.EqualFold(scheme, []byte("http")) || bytes.EqualFold(scheme, []byte("https")):
		if host, ok := bytes.CutPrefix(rest, []byte("//")); !ok || len(host) == 0 || host[0] == '/' {
			return errBadHost
		}
	}
	return nil
}

// addressPlace is the part of a URL that holds a value; the value can't leave it.
type addressPlace uint8

const (
	placeWhole addressPlace = iota // it begins the URL, or ends it from the path on
	placePath
	placeQuery // or in the fragment
)

// keptIn are the characters, besides the unreserved ones, that a value may have in each place.
var keptIn = [...]string{placeWhole: "!#$&*+,/:;=?@[]", placePath: "!$&*+,/:;=@", placeQuery: ""}

// appendURL appends s; what must not stand in that place is percent-encoded.
func appendURL(dst, s []byte, place addressPlace) []byte {
	const hex = "0123456789ABCDEF"
	for i, c := range s {
		keep := isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~' || strings.IndexByte(keptIn[place], c) >= 0 ||
			place == placeWhole && c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
		if keep {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hex[c>>4], hex[c&15])
	}
	return dst
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// safeURL reports whether url may be followed: it is relative, or its scheme leads only to a page, a mail, or a call.
func safeURL(url string) bool {
	url = strings.TrimSpace(url)
	scheme, _, ok := strings.Cut(url, ":")
	if !ok || strings.ContainsAny(scheme, "/?#") {
		return true
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto", "tel", "sms", "cid":
		return true
	}
	return false
}
