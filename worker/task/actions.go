package task

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/action"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
)

// Limits of actions, besides those of package action.
const (
	maxFields    = 100 // custom fields
	maxFieldName = 128 // bytes
	maxFieldText = 10_000
)

// Actions change a conversation after a message was sent to it. They are data: nothing in them is rendered. An empty
// field changes nothing.
type Actions struct {
	Subject string   `json:"subject,omitempty"`
	Tags    []string `json:"tags,omitempty"` // added to those that the conversation has
	// CustomFields are texts, numbers and booleans; null empties a field.
	CustomFields  map[string]json.RawMessage `json:"customFields,omitempty"`
	EmailTemplate string                     `json:"emailTemplate,omitempty"`
	// Spam: the conversation is done, unless the actions name another status, and its customer is suppressed.
	Spam *bool `json:"spam,omitempty"`
	// Queue transfers the conversation. It loses its assigned users and teams, except those named here.
	Queue         string   `json:"queue,omitempty"`
	AssignedUsers []string `json:"assignedUsers,omitempty"` // instead of those whom it was assigned to
	AssignedTeams []string `json:"assignedTeams,omitempty"` // likewise
	Priority      int      `json:"priority,omitempty"`      // 1 to 5, which is the most urgent
	Status        string   `json:"status,omitempty"`        // open, snoozed or done
	SubStatus     string   `json:"subStatus,omitempty"`
	// SnoozeUntil is a time, or a span from when the message went, as action.SnoozeUntil reads it. The status becomes snoozed.
	SnoozeUntil string `json:"snoozeUntil,omitempty"`
}

// IsZero reports actions that change nothing.
func (a *Actions) IsZero() bool { return a == nil || len(a.Changes(time.Time{})) == 0 }

// Validate reports every fault at once.
func (a *Actions) Validate() error {
	if a == nil {
		return nil
	}
	var f fault.List
	checkList(&f, "tags", a.Tags, action.MaxTags, action.MaxTagLength)
	checkList(&f, "assignedUsers", a.AssignedUsers, action.MaxUsers, action.MaxID)
	checkList(&f, "assignedTeams", a.AssignedTeams, action.MaxTeams, action.MaxID)
	checkLine(&f, "/subject", a.Subject, action.MaxSubject)
	checkLine(&f, "/emailTemplate", a.EmailTemplate, action.MaxID)
	checkLine(&f, "/queue", a.Queue, action.MaxID)
	checkLine(&f, "/subStatus", a.SubStatus, action.MaxID)
	message.CheckOneOf(&f, "/status", a.Status, action.Statuses)
	if err := action.CheckPriority(a.Priority); err != nil {
		f.Add("/priority", fault.OutOfRange, "%v", err)
	}
	if err := action.CheckSnooze(a.SnoozeUntil, a.Status); err != nil {
		f.Add("/snoozeUntil", fault.Malformed, "%v", err)
	}
	if n := len(a.CustomFields); n > maxFields {
		f.Add("/customFields", fault.TooMany, "%d, at most %d", n, maxFields)
		return f
	}
	for _, name := range slices.Sorted(maps.Keys(a.CustomFields)) {
		if name == "" || len(name) > maxFieldName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			f.Add("/customFields", fault.Malformed, "%s is not a field's name: want 1 to %d bytes without white space", fault.Quote(name), maxFieldName)
			continue
		}
		f.Join(fault.Pointer("customFields", name), checkField(name, a.CustomFields[name]))
	}
	return f.Err()
}

// checkList checks a list of names, none of them empty.
func checkList(f *fault.List, name string, list []string, most, length int) {
	if n := len(list); n > most {
		f.Add(fault.Pointer(name), fault.TooMany, "%d, at most %d", n, most)
		return
	}
	for i, item := range list {
		if item == "" {
			f.Add(fault.Pointer(name, i), fault.Missing, "empty")
		}
		checkLine(f, fault.Pointer(name, i), item, length)
	}
}

// checkLine checks a text of one line.
func checkLine(f *fault.List, pointer, text string, most int) {
	checkText(f, pointer, text, most)
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		f.Add(pointer, fault.BadCharacter, "holds control characters")
	}
}

// checkText checks a text of any number of lines.
func checkText(f *fault.List, pointer, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		f.Add(pointer, fault.TooLong, "%d characters, at most %d", n, most)
	} else if !utf8.ValidString(text) {
		f.Add(pointer, fault.BadCharacter, "not UTF-8")
	}
}

// checkField wants one JSON scalar, of the kind that the name says.
func checkField(name string, value json.RawMessage) error {
	if !json.Valid(value) {
		return fault.At("", fault.BadJSON, "not valid JSON")
	}
	switch value[0] {
	case '{', '[':
		return fault.At("", fault.WrongType, "want a text, a number, true, false or null, found %s", strictjson.Is(value))
	case '"':
		if n := utf8.RuneCountInString(strictjson.Text(value)); n > maxFieldText {
			return fault.At("", fault.TooLong, "%d characters, at most %d", n, maxFieldText)
		}
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var one any
	if err := d.Decode(&one); err != nil {
		return fault.At("", fault.BadJSON, "not valid JSON")
	}
	if err := action.CheckField(name, one); err != nil {
		return fault.At("", fault.WrongType, "%v", err)
	}
	return nil
}

// With returns a overridden by b: fields of b win one by one; tags and custom fields are joined. Both stay unchanged.
func (a *Actions) With(b *Actions) *Actions {
	if a.IsZero() {
		return b
	}
	if b.IsZero() {
		return a
	}
	out := *a
	for _, tag := range b.Tags {
		if !slices.Contains(out.Tags, tag) {
			out.Tags = append(out.Tags[:len(out.Tags):len(out.Tags)], tag)
		}
	}
	if len(b.CustomFields) > 0 {
		out.CustomFields = maps.Clone(a.CustomFields)
		if out.CustomFields == nil {
			out.CustomFields = map[string]json.RawMessage{}
		}
		maps.Copy(out.CustomFields, b.CustomFields)
	}
	status := b.status()
	if status != "" {
		out.SubStatus, out.SnoozeUntil = "", "" // they belonged to the other status
	}
	for own, theirs := range map[*string]string{
		&out.Subject: b.Subject, &out.EmailTemplate: b.EmailTemplate, &out.Queue: b.Queue, &out.Status: status, &out.SubStatus: b.SubStatus,
		&out.SnoozeUntil: b.SnoozeUntil,
	} {
		if theirs != "" {
			*own = theirs
		}
	}
	if b.Priority != 0 {
		out.Priority = b.Priority
	}
	if len(b.AssignedUsers) > 0 {
		out.AssignedUsers = b.AssignedUsers
	}
	if len(b.AssignedTeams) > 0 {
		out.AssignedTeams = b.AssignedTeams
	}
	if b.Spam != nil {
		out.Spam = b.Spam
	}
	return &out
}

// Change is one step of actions.
type Change struct {
	Field string `json:"field"` // subject, tags, customFields, emailTemplate, spam, queue, assignedUsers, assignedTeams, priority, status, subStatus, snoozeUntil
	Op    string `json:"op"`    // set: the field becomes Value; add: Value is added to the field
	Value any    `json:"value"`
}

// Changes are the steps in the order in which they are applied, which is always the same: first what describes the
// conversation, then where it goes, then its status, because a conversation that is done or snoozed may not be
// assigned. A transfer to a queue removes the assigned users and teams, unless the same actions name others. at is when
// the message went, from which a span to snooze counts.
func (a *Actions) Changes(at time.Time) []Change {
	if a == nil {
		return nil
	}
	var steps []Change
	set := func(field string, value any) { steps = append(steps, Change{field, "set", value}) }
	if a.Subject != "" {
		set("subject", a.Subject)
	}
	if len(a.Tags) > 0 {
		steps = append(steps, Change{"tags", "add", a.Tags})
	}
	if len(a.CustomFields) > 0 {
		steps = append(steps, Change{"customFields", "add", a.CustomFields})
	}
	if a.EmailTemplate != "" {
		set("emailTemplate", a.EmailTemplate)
	}
	if a.Spam != nil {
		set("spam", *a.Spam)
	}
	if a.Queue != "" {
		set("queue", a.Queue)
	}
	if len(a.AssignedUsers) > 0 || a.Queue != "" {
		set("assignedUsers", append([]string{}, a.AssignedUsers...))
	}
	if len(a.AssignedTeams) > 0 || a.Queue != "" {
		set("assignedTeams", append([]string{}, a.AssignedTeams...))
	}
	if a.Priority != 0 {
		set("priority", a.Priority)
	}
	if status := a.status(); status != "" {
		set("status", status)
	}
	if a.SubStatus != "" {
		set("subStatus", a.SubStatus)
	}
	if until, err := action.SnoozeUntil(a.SnoozeUntil, at); err == nil {
		set("snoozeUntil", until)
	}
	return steps
}

// status is what the actions set: a time to snooze until, and spam, bring their own.
func (a *Actions) status() string {
	switch {
	case a.Status != "":
		return a.Status
	case a.SnoozeUntil != "":
		return action.Snoozed
	case a.IsSpam():
		return action.Done
	}
	return ""
}

// IsSpam reports whether the conversation becomes spam: it is done, and its customer may not be written to any more.
func (a *Actions) IsSpam() bool { return a != nil && a.Spam != nil && *a.Spam }
