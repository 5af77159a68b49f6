package har

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Hidden stands for what was taken out.
const Hidden = "[redacted]"

// openHeaders are headers whose values say nothing of a person and grant nothing. They must have the form of their pattern.
var openHeaders = map[string]*regexp.Regexp{
	"accept-encoding": words, "accept-ranges": words, "access-control-allow-credentials": words, "access-control-allow-headers": words,
	"access-control-allow-methods": words, "age": digits, "cache-control": words, "connection": words, "content-encoding": words,
	"content-length": digits, "content-type": media, "date": date, "expires": date, "last-modified": date, "pragma": words, "retry-after": retry,
	"sec-fetch-dest": words, "sec-fetch-mode": words, "sec-fetch-site": words, "transfer-encoding": words, "upgrade": words, "vary": words,
	"x-content-type-options": words, "x-ratelimit-limit": digits, "x-ratelimit-remaining": digits,
}

var (
	words     = regexp.MustCompile(`^(?:\*|[A-Za-z]{1,15}(-[A-Za-z]{1,15}){0,4}(=\d{1,9})?)(?:\s?[,;]\s?(?:\*|[A-Za-z]{1,15}(-[A-Za-z]{1,15}){0,4}(=[\d.]{1,9})?))*$`)
	digits    = regexp.MustCompile(`^\d{1,10}$`)
	media     = regexp.MustCompile(`^(?:application|text|image|font|audio|video|multipart|model)/[a-z]{1,20}\d?(?:[.+-][a-z]{1,20}\d?){0,4}(;\s?charset=[A-Za-z]{1,8}(-\d{1,4}){0,2})?$`)
	date      = regexp.MustCompile(`^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$|^0$|^-1$`)
	retry     = regexp.MustCompile(`^\d{1,6}$`)
	method    = regexp.MustCompile(`^[A-Z]{3,10}$`)
	proto     = regexp.MustCompile(`^(?i:http/[0-9.]{1,3}|h[23](-\d\d)?|spdy|unknown)$`)
	when      = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)$`)
	version   = regexp.MustCompile(`^\d{1,4}(\.\d{1,6}){0,4}$`)
	browser   = regexp.MustCompile(`^(?:WebInspector|WebKit Web Inspector|Firefox|Safari|Chrome|Chromium|Google Chrome|Microsoft Edge|Edge|Opera|Playwright|Puppeteer)$`)
	kind      = regexp.MustCompile(`^[A-Za-z]{2,12}( [A-Za-z]{2,12})?$`)
	scheme    = regexp.MustCompile(`^(?:https?|wss?|file|chrome-extension|moz-extension|safari-web-extension)$`)
	header    = regexp.MustCompile(`^:?(?:[A-Z]?[a-z]{0,14}|[A-Z]{2,4})(-(?:[A-Z]?[a-z]{1,14}|[A-Z]{2,4})){0,5}$`)
	hostLabel = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
	netErr    = regexp.MustCompile(`\b(?:net::ERR_[A-Z_]{2,40}|NS_ERROR_[A-Z_]{2,40}|kCFErrorDomain[A-Za-z]{2,20})\b`)
)

// only is the text if it has a form, else what stands for something hidden; an empty text stays.
func only(form *regexp.Regexp, s string) string {
	if s == "" || form.MatchString(s) {
		return s
	}
	return Hidden
}

// headerValue is a header's value, if it is one that may be seen.
func headerValue(name, value string) string {
	form := openHeaders[strings.ToLower(name)]
	if form == nil || len(value) > 300 || !form.MatchString(value) {
		return Hidden
	}
	if form == words && slices.ContainsFunc(strings.FieldsFunc(value, notLetter), func(word string) bool { return !plainWord(word) }) {
		return Hidden
	}
	return value
}

// headerName is a header's name; names that are data are hidden.
func headerName(name string) string {
	if len(name) <= 60 && header.MatchString(name) {
		return name
	}
	return Hidden
}

func notLetter(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }

// pathWord is a piece of a path that names a resource: small letters with few digits. Ids, tokens and addresses are none.
var pathWord = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z_-]{0,23}|v\d{1,2}|[A-Za-z][A-Za-z_-]{1,30}\.(?:js|css|html?|json|png|jpe?g|gif|svg|ico|woff2?|map|php|aspx?))$`)

// plainWord reports a word that people wrote, and no random text: it has vowels, and its case changes rarely.
func plainWord(s string) bool {
	if len(s) <= 6 {
		return true
	}
	changes, vowels := 0, 0
	for i := range len(s) {
		if strings.IndexByte("aeiouyAEIOUY", s[i]) >= 0 {
			vowels++
		}
		if i > 0 && (s[i-1] >= 'a') != (s[i] >= 'a') {
			changes++
		}
	}
	return changes <= len(s)/3 && vowels*6 >= len(s)
}

// address shows of an address the scheme, the host, the words of its path, and how many parameters it had.
func address(raw string) string {
	if raw == "" {
		return ""
	}
	begin, _, found := strings.Cut(raw, ":")
	if begin = strings.ToLower(begin); found && slices.Contains([]string{"data", "blob", "about", "javascript"}, begin) {
		return begin + ":" + Hidden
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return Hidden
	}
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(only(scheme, u.Scheme) + "://")
	}
	b.WriteString(host(u.Hostname()))
	if port := u.Port(); port != "" {
		b.WriteString(":" + only(digits, port))
	}
	for i, piece := range strings.Split(u.EscapedPath(), "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		if piece == "" || pathWord.MatchString(piece) && plainWord(strings.TrimSuffix(piece, ".")) {
			b.WriteString(piece)
		} else {
			b.WriteString(Hidden)
		}
	}
	if u.RawQuery != "" {
		b.WriteString("?" + Hidden)
	}
	return b.String()
}

// host is a server's name. Names that look random, as those of tenants may, are hidden up to the domain.
func host(name string) string {
	labels := strings.Split(strings.ToLower(name), ".")
	for i, one := range labels {
		if !hostLabel.MatchString(one) || i < len(labels)-2 && len(labels) > 2 && (len(one) > 20 || !plainWord(one)) {
			labels[i] = Hidden
		}
	}
	return strings.Join(labels, ".")
}

// scrub is a short text of our own making that may quote the file: only its plain words stay.
func scrub(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ' ' })
	for i, part := range parts {
		if !pathWord.MatchString(strings.TrimPrefix(part, "_")) || !plainWord(part) {
			parts[i] = Hidden
		}
	}
	return strings.Join(parts, ".")
}

// shape is the form of a JSON body: its members' names, with the kinds of their values. Names that are data are hidden.
// It is "" for any other body.
func shape(text, encoding string) string {
	data := []byte(text)
	if encoding == "base64" {
		var err error
		if data, err = base64.StdEncoding.DecodeString(text); err != nil {
			return ""
		}
	}
	var v any
	if len(data) > 1<<20 || json.Unmarshal(data, &v) != nil {
		return ""
	}
	if _, list := v.([]any); !list {
		if _, object := v.(map[string]any); !object {
			return ""
		}
	}
	out, err := json.Marshal(kinds(v, 0))
	if err != nil || len(out) > 16<<10 {
		return ""
	}
	return string(out)
}

func kinds(v any, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		if depth > 10 {
			return "object"
		}
		out := map[string]any{}
		for name, value := range v {
			if !pathWord.MatchString(name) || !plainWord(name) {
				name = Hidden
			}
			out[name] = kinds(value, depth+1)
		}
		return out
	case []any:
		if len(v) == 0 || depth > 10 {
			return []any{}
		}
		return []any{kinds(v[0], depth+1)}
	case string:
		return "text"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return nil
}
