package har

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// Record is a HAR without secrets. Its JSON is HAR 1.2 again.
type Record struct {
	Log Log `json:"log"`
}

// Log is what was recorded.
type Log struct {
	Version string  `json:"version"`
	Creator program `json:"creator"`
	Browser program `json:"browser"`
	Pages   []Page  `json:"pages"`
	Entries []Entry `json:"entries"`
	Comment string  `json:"comment"`
}

// Page is a page that was loaded.
type Page struct {
	Started string      `json:"startedDateTime"`
	ID      string      `json:"id"`
	Title   string      `json:"title"`
	Timings PageTimings `json:"pageTimings"`
}

// PageTimings are milliseconds from the start; -1 where it did not happen.
type PageTimings struct {
	OnContentLoad float64 `json:"onContentLoad"`
	OnLoad        float64 `json:"onLoad"`
}

// Entry is a request with its answer.
type Entry struct {
	PageRef  string   `json:"pageref,omitempty"`
	Started  string   `json:"startedDateTime"`
	Time     float64  `json:"time"` // milliseconds
	Request  Request  `json:"request"`
	Response Response `json:"response"`
	Cache    struct{} `json:"cache"`
	Timings  Timings  `json:"timings"`
	Kind     string   `json:"_resourceType,omitempty"`
	Error    string   `json:"_error,omitempty"` // of the network, as the browser names it
}

// Request is what was asked.
type Request struct {
	Method      string   `json:"method"`
	URL         string   `json:"url"`
	HTTPVersion string   `json:"httpVersion"`
	Cookies     []string `json:"cookies"`
	Headers     []field  `json:"headers"`
	Query       []string `json:"queryString"`
	HeadersSize int      `json:"headersSize"`
	BodySize    float64  `json:"bodySize"`
	Post        *Content `json:"postData,omitempty"`
}

// Response is what was answered. Status is 0 where nothing was.
type Response struct {
	Status      int      `json:"status"`
	StatusText  string   `json:"statusText"`
	HTTPVersion string   `json:"httpVersion"`
	Cookies     []string `json:"cookies"`
	Headers     []field  `json:"headers"`
	Content     Content  `json:"content"`
	Redirect    string   `json:"redirectURL"`
	HeadersSize int      `json:"headersSize"`
	BodySize    float64  `json:"bodySize"`
}

// Content is a body: its size, its kind, and its shape where that is asked.
type Content struct {
	Size     float64 `json:"size"`
	MimeType string  `json:"mimeType"`
	Text     string  `json:"text,omitempty"`
}

// Timings are milliseconds; -1 where it did not apply.
type Timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// record takes over what may be seen.
func record(f *file, bodies Bodies) *Record {
	r := &Record{Log: Log{Version: "1.2", Creator: known(f.Log.Creator), Browser: known(f.Log.Browser), Pages: []Page{}, Entries: []Entry{},
		Comment: "without the values of headers, parameters and cookies, and without bodies"}}
	pages := map[string]string{}
	for i, p := range f.Log.Pages {
		id := "page_" + strconv.Itoa(i+1)
		pages[p.ID] = id
		page := Page{Started: only(when, p.Started), ID: id, Title: address(p.Title), Timings: PageTimings{-1, -1}}
		if t := p.Timings.OnContentLoad; t != nil {
			page.Timings.OnContentLoad = ms(*t)
		}
		if t := p.Timings.OnLoad; t != nil {
			page.Timings.OnLoad = ms(*t)
		}
		r.Log.Pages = append(r.Log.Pages, page)
	}
	for _, e := range f.Log.Entries {
		t := e.Timings
		out := Entry{
			PageRef: pages[e.PageRef], Started: only(when, e.Started), Time: ms(e.Time),
			Timings: Timings{ms(t.Blocked), ms(t.DNS), ms(t.Connect), ms(t.SSL), ms(t.Send), ms(t.Wait), ms(t.Receive)},
			Kind:    only(kind, cmp.Or(e.Kind, e.Fetch)), Error: cmp.Or(networkError(e.Error), networkError(e.Answer.Error)),
			Request: Request{Method: only(method, e.Request.Method), URL: address(e.Request.URL), HTTPVersion: only(proto, e.Request.HTTPVersion),
				Cookies: []string{}, Headers: headers(e.Request.Headers), Query: []string{}, HeadersSize: -1, BodySize: ms(e.Request.BodySize)},
			Response: Response{Status: status(e.Answer.Status), HTTPVersion: only(proto, e.Answer.HTTPVersion), Cookies: []string{}, Headers: headers(e.Answer.Headers),
				Content:  Content{Size: ms(e.Answer.Content.Size), MimeType: only(media, e.Answer.Content.MimeType)},
				Redirect: address(e.Answer.Redirect), HeadersSize: -1, BodySize: ms(e.Answer.BodySize)},
		}
		if post := e.Request.PostData; post.MimeType != "" || post.Text != "" {
			out.Request.Post = &Content{Size: float64(len(post.Text)), MimeType: only(media, post.MimeType)}
			if bodies == Shapes {
				out.Request.Post.Text = shape(post.Text, "")
			}
		}
		if bodies == Shapes {
			out.Response.Content.Text = shape(e.Answer.Content.Text, e.Answer.Content.Encoding)
		}
		r.Log.Entries = append(r.Log.Entries, out)
	}
	return r
}

func known(p program) program { return program{only(browser, p.Name), only(version, p.Version)} }

func headers(list []field) []field {
	out := []field{}
	for _, h := range list[:min(len(list), maxHeaders)] {
		out = append(out, field{headerName(h.Name), headerValue(h.Name, h.Value)})
	}
	return out
}

// ms is a number of a sensible size.
func ms(f float64) float64 {
	if math.IsNaN(f) || f < 0 {
		return -1
	}
	return math.Round(math.Min(f, 1e12)*10) / 10
}

func status(f float64) int {
	if f >= 100 && f < 600 {
		return int(f)
	}
	return 0
}

// networkError is the browser's name for what went wrong: Chrome has it as a text, others within a longer one.
func networkError(raw json.RawMessage) string {
	if len(raw) > 1000 {
		return ""
	}
	return netErr.FindString(string(raw))
}

// Failed are the requests without an answer, and those that were answered with an error, in their order.
func (r *Record) Failed() []Entry {
	var out []Entry
	for _, e := range r.Log.Entries {
		if e.Response.Status == 0 || e.Response.Status >= 400 || e.Error != "" {
			out = append(out, e)
		}
	}
	return out
}

// Slowest are the n requests that took longest.
func (r *Record) Slowest(n int) []Entry {
	out := slices.Clone(r.Log.Entries)
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(b.Time, a.Time) })
	return out[:min(n, len(out))]
}
