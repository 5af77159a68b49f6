package catalog

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/action"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// Shortcut is a canned response: its texts, its channels, and what it changes in the conversation. Its texts are
// Handlebars.
type Shortcut struct {
	Name        string `json:"name"` // no spaces; may hold dynamic text
	Description string `json:"description,omitempty"`
	Category    string `json:"category,omitempty"`
	Subcategory string `json:"subcategory,omitempty"`

	Visibility Visibility `json:"visibility,omitempty"`
	Owner      string     `json:"owner,omitempty"` // user who sees it when private
	Teams      []string   `json:"teams,omitempty"` // who sees it when Visibility is teams
	Users      []string   `json:"users,omitempty"` // who sees it when Visibility is users

	Subject       string         `json:"subject,omitempty"`
	Preheader     string         `json:"preheader,omitempty"`
	Message       string         `json:"message,omitempty"`
	Format        content.Format `json:"format,omitempty"`        // of Message; default Markdown
	EmailTemplate string         `json:"emailTemplate,omitempty"` // default: the catalog's; "none": no layout
	Attachments   []string       `json:"attachments,omitempty"`   // file names in the catalog's attachments

	Channels map[Channel]Override `json:"channels,omitempty"`

	// What changes in the conversation after the message went out. These are data: nothing in them is rendered.
	ConversationSubject string         `json:"conversationSubject,omitempty"`
	Tags                []string       `json:"tags,omitempty"`
	AssignedUsers       []string       `json:"assignedUsers,omitempty"`
	AssignedTeams       []string       `json:"assignedTeams,omitempty"`
	Queue               string         `json:"queue,omitempty"`
	Priority            int            `json:"priority,omitempty"` // 1 to 5, which is the most urgent
	Status              string         `json:"status,omitempty"`   // open, snoozed, or done
	SubStatus           string         `json:"subStatus,omitempty"`
	SnoozeUntil         string         `json:"snoozeUntil,omitempty"` // as action.SnoozeUntil reads it
	CustomFields        map[string]any `json:"customFields,omitempty"`
}

// Override has the values of one channel. An unset field means that of the shortcut.
type Override struct {
	Subject       *string        `json:"subject,omitempty"`
	Preheader     *string        `json:"preheader,omitempty"`
	Message       *string        `json:"message,omitempty"`
	Format        content.Format `json:"format,omitempty"` // of Message here; default: text for sms, else Markdown
	EmailTemplate *string        `json:"emailTemplate,omitempty"`
	Attachments   *[]string      `json:"attachments,omitempty"`
}

// Visibility says who may use a shortcut.
type Visibility string

// The visibilities; empty means Public.
const (
	Public  Visibility = "public"
	Private Visibility = "private" // the owner
	Teams   Visibility = "teams"
	Users   Visibility = "users"
)

// Actor is the person or team that uses a shortcut. The zero Actor is the system, which may use all.
type Actor struct {
	User  string
	Teams []string
}

// ActorOf reads a list of names, separated by commas: a user, who may be in teams, or a team. "" is the system.
func ActorOf(names string) (a Actor) {
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			a.Teams = append(a.Teams, name)
		}
	}
	if len(a.Teams) > 0 {
		a.User = a.Teams[0]
	}
	return a
}

// HiddenError is a shortcut that an actor must not use.
type HiddenError struct {
	Name string
	As   Actor
	For  string // who may: "private to ann", "for the teams billing"
}

func (e *HiddenError) Error() string {
	return fmt.Sprintf("%s may not use the shortcut %s, which is %s", handlebars.Quote(strings.Join(e.As.Teams, ", ")), handlebars.Quote(e.Name), e.For)
}

// Allow returns a *HiddenError if a must not use the shortcut.
func (s *Shortcut) Allow(a Actor) error {
	if s.VisibleTo(a) {
		return nil
	}
	return &HiddenError{Name: s.Name, As: a, For: s.Audience()}
}

// Audience says in words who may use the shortcut.
func (s *Shortcut) Audience() string {
	switch s.Visibility {
	case Private:
		return "private to " + s.Owner
	case Teams:
		return "for the teams " + strings.Join(s.Teams, ", ")
	case Users:
		return "for the users " + strings.Join(s.Users, ", ")
	}
	return "for everyone"
}

// VisibleTo says whether a may use the shortcut.
func (s *Shortcut) VisibleTo(a Actor) bool {
	if a.User == "" && len(a.Teams) == 0 {
		return true
	}
	switch s.Visibility {
	case Private:
		return a.User != "" && a.User == s.Owner
	case Users:
		return a.User != "" && slices.Contains(s.Users, a.User)
	case Teams:
		for _, team := range a.Teams {
			if slices.Contains(s.Teams, team) {
				return true
			}
		}
		return false
	}
	return true
}

func (s *Shortcut) nameField() *string { return &s.Name }

func (*Shortcut) normalize(positions) {}

// Parts are the texts of one channel, with its override applied.
type Parts struct {
	Subject, Preheader, Message string
	Format                      content.Format
	EmailTemplate               string
	Attachments                 []string
	path                        map[string]string // part → key path in the file, for positions
}

// Path is the place of a part in the shortcut's file: "message" is at "channels.sms.message".
func (p Parts) Path(part string) string { return p.path[part] }

// For returns the texts of the shortcut on channel c.
func (s *Shortcut) For(c Channel) Parts {
	p := Parts{
		Subject: s.Subject, Preheader: s.Preheader, Message: s.Message, Format: s.Format,
		EmailTemplate: s.EmailTemplate, Attachments: s.Attachments,
		path: map[string]string{"subject": "subject", "preheader": "preheader", "message": "message"},
	}
	prefix := "channels." + string(c) + "."
	o := s.Channels[c]
	if o.Subject != nil {
		p.Subject, p.path["subject"] = *o.Subject, prefix+"subject"
	}
	if o.Preheader != nil {
		p.Preheader, p.path["preheader"] = *o.Preheader, prefix+"preheader"
	}
	if o.Message != nil {
		p.Message, p.path["message"] = *o.Message, prefix+"message"
		p.Format = o.Format
		if p.Format == "" && c.Form() == FormText {
			p.Format = content.Text
		}
	}
	if p.Format == "" {
		p.Format = content.Markdown
	}
	if o.EmailTemplate != nil {
		p.EmailTemplate = *o.EmailTemplate
	}
	if o.Attachments != nil {
		p.Attachments = *o.Attachments
	}
	return p
}

// fieldFault is a fault of a shortcut's field, without a file.
type fieldFault struct {
	path, code, message string
}

// Validate reports every fault that shows without a catalog.
func (s *Shortcut) Validate() error {
	faults := s.faults()
	if len(faults) == 0 {
		return nil
	}
	messages := make([]string, len(faults))
	for i, f := range faults {
		messages[i] = f.message
	}
	return fmt.Errorf("shortcut %s: %s", handlebars.Quote(s.Name), strings.Join(messages, "; "))
}

func (s *Shortcut) faults() []fieldFault {
	var out []fieldFault
	add := func(path, code, format string, args ...any) {
		out = append(out, fieldFault{path, code, fmt.Sprintf(format, args...)})
	}
	checkName(s.Name, "a shortcut's name", func(message string) { add("name", "shortcut_name", "%s", message) })
	switch s.Visibility {
	case "", Public:
	case Private:
		if s.Owner == "" {
			add("visibility", "visibility", "visibility private needs an owner")
		}
	case Teams:
		if len(s.Teams) == 0 {
			add("visibility", "visibility", "visibility teams needs a list of teams")
		}
	case Users:
		if len(s.Users) == 0 {
			add("visibility", "visibility", "visibility users needs a list of users")
		}
	default:
		add("visibility", "visibility", "unknown visibility %s: want public, private, teams, or users", handlebars.Quote(string(s.Visibility)))
	}
	checkFormat := func(path string, f content.Format) {
		switch f {
		case "", content.Markdown, content.HTML, content.Text:
		default:
			add(path, "format", "unknown format %s: want markdown, html, or text", handlebars.Quote(string(f)))
		}
	}
	checkFormat("format", s.Format)
	for _, c := range slices.Sorted(maps.Keys(s.Channels)) {
		if _, err := ParseChannel(string(c)); err != nil || strings.ToLower(string(c)) != string(c) {
			add("channels."+string(c), "channel", "unknown channel %s: want %s", handlebars.Quote(string(c)), channelList())
		}
		checkFormat("channels."+string(c)+".format", s.Channels[c].Format)
		if s.Channels[c].Attachments != nil {
			s.checkAttachments("channels."+string(c)+".attachments", *s.Channels[c].Attachments, add)
		}
	}
	s.checkAttachments("attachments", s.Attachments, add)
	s.checkActions(add)
	return out
}

// checkActions checks what the shortcut changes in a conversation.
func (s *Shortcut) checkActions(add func(path, code, format string, args ...any)) {
	checkIDs := func(path string, names []string, most, length int) {
		if len(names) > most {
			add(path, path, "%d %s: at most %d", len(names), path, most)
		}
		for i, name := range names {
			if n := utf8.RuneCountInString(name); n > length || n == 0 || hasControl(name) {
				add(fmt.Sprintf("%s.%d", path, i), path, "%s has %d characters: 1 to %d, on one line", handlebars.Quote(name), n, length)
			}
		}
	}
	checkIDs("tags", s.Tags, action.MaxTags, action.MaxTagLength)
	checkIDs("assignedUsers", s.AssignedUsers, action.MaxUsers, action.MaxID)
	checkIDs("assignedTeams", s.AssignedTeams, action.MaxTeams, action.MaxID)
	for _, line := range []struct {
		path, text string
		most       int
	}{{"conversationSubject", s.ConversationSubject, action.MaxSubject}, {"queue", s.Queue, action.MaxID}, {"subStatus", s.SubStatus, action.MaxID}} {
		switch n := utf8.RuneCountInString(line.text); {
		case n > line.most || hasControl(line.text):
			add(line.path, "action", "%s has %d characters: at most %d, on one line", line.path, n, line.most)
		case strings.Contains(line.text, "{{") || strings.Contains(line.text, "[["+SnippetPrefix):
			add(line.path, "action", "%s is set as it is written: it can't hold dynamic text or snippets", line.path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.CustomFields)) {
		if !isScalar(s.CustomFields[name]) {
			add("customFields."+name, "custom_field", "custom field %s must be a text, a boolean, or a finite number", handlebars.Quote(name))
		} else if err := action.CheckField(name, s.CustomFields[name]); err != nil {
			add("customFields."+name, "custom_field", "%v", err)
		}
	}
	if s.Status != "" && !action.IsStatus(s.Status) {
		add("status", "status", "unknown status %s: want open, snoozed, or done", handlebars.Quote(s.Status))
		return
	}
	if err := action.CheckPriority(s.Priority); err != nil {
		add("priority", "priority", "%v", err)
	}
	if err := action.CheckSnooze(s.SnoozeUntil, s.Status); err != nil {
		add("snoozeUntil", "snooze", "snoozeUntil: %v", err)
	}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func (s *Shortcut) checkAttachments(path string, names []string, add func(path, code, format string, args ...any)) {
	for i, name := range names {
		if !isFileName(name) {
			add(fmt.Sprintf("%s.%d", path, i), "attachment_name", "attachment %s must be the name of a file in attachments", handlebars.Quote(name))
		}
	}
}

// checkName wants 1 to 128 characters, none of them white space, a control
// character, or a path separator. Dynamic text in braces may hold spaces.
func checkName(name, what string, fault func(string)) {
	bare := name
	for {
		open := strings.Index(bare, "{{")
		if open < 0 {
			break
		}
		end := strings.Index(bare[open:], "}}")
		if end < 0 {
			break
		}
		bare = bare[:open] + bare[open+end+2:]
	}
	switch {
	case name == "":
		fault(what + " is missing")
	case utf8.RuneCountInString(name) > 128:
		fault(what + " has more than 128 characters")
	case strings.ContainsFunc(bare, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u00a0' || r == '\u3000' }):
		fault(fmt.Sprintf("%s has no spaces: %s", what, handlebars.Quote(name)))
	case strings.ContainsAny(bare, `/\`) || bare == "." || bare == "..":
		fault(fmt.Sprintf("%s has no path in it: %s", what, handlebars.Quote(name)))
	}
}

// isFileName reports whether name is exactly one element of a path.
func isFileName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 255 && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\:`) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func isScalar(v any) bool {
	switch v := v.(type) {
	case nil, string, bool, int, int64, uint64:
		return true
	case float64:
		return !math.IsInf(v, 0) && !math.IsNaN(v)
	}
	return false
}
