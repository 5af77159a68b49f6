package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of actions.
const (
	MaxTags      = 20
	MaxTagLength = 64  // characters
	maxActionIDs = 100 // users or teams that one conversation is assigned to
	maxFields    = 100 // custom fields
	maxFieldText = 10_000
)

// Actions are what happens to a conversation when a message went to it. They are data: nothing in them is rendered. An
// empty field leaves the conversation as it is.
type Actions struct {
	Subject string   `json:"subject,omitempty"`
	Tags    []string `json:"tags,omitempty"` // added to those that the conversation has
	// CustomFields are texts, numbers, booleans, or null, which empties a field.
	CustomFields  map[string]json.RawMessage `json:"customFields,omitempty"`
	EmailTemplate string                     `json:"emailTemplate,omitempty"`
	Spam          *bool                      `json:"spam,omitempty"`
	// Queue transfers the conversation: whoever it was assigned to loses it, but for those named here.
	Queue         string   `json:"queue,omitempty"`
	AssignedUsers []string `json:"assignedUsers,omitempty"` // instead of those whom it was assigned to
	AssignedTeams []string `json:"assignedTeams,omitempty"` // likewise
	Status        string   `json:"status,omitempty"`        // open, snoozed or done
	SubStatus     string   `json:"subStatus,omitempty"`
}

// IsZero reports actions that change nothing.
func (a *Actions) IsZero() bool { return a == nil || len(a.Changes()) == 0 }

// Validate reports every fault at once.
func (a *Actions) Validate() error {
	if a == nil {
		return nil
	}
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("actions."+format, args...)) }
	text := func(name, value string, most int) {
		if n := utf8.RuneCountInString(value); n > most {
			fault("%s: %d characters, at most %d", name, n, most)
		} else if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			fault("%s: control characters or broken UTF-8", name)
		}
	}
	if len(a.Tags) > MaxTags {
		fault("tags: %d, at most %d", len(a.Tags), MaxTags)
	}
	for i, tag := range a.Tags {
		name := fmt.Sprintf("tags[%d]", i)
		if tag == "" {
			fault("%s: empty", name)
		}
		text(name, tag, MaxTagLength)
	}
	for name, list := range map[string][]string{"assignedUsers": a.AssignedUsers, "assignedTeams": a.AssignedTeams} {
		if len(list) > maxActionIDs {
			fault("%s: %d, at most %d", name, len(list), maxActionIDs)
		}
		for i, id := range list {
			if id == "" {
				fault("%s[%d]: empty", name, i)
			}
			text(fmt.Sprintf("%s[%d]", name, i), id, 128)
		}
	}
	text("subject", a.Subject, 998)
	text("emailTemplate", a.EmailTemplate, 128)
	text("queue", a.Queue, 128)
	text("subStatus", a.SubStatus, 128)
	switch a.Status {
	case "", "open", "snoozed", "done":
	default:
		fault("status: %.100q is not open, snoozed or done", a.Status)
	}
	if len(a.CustomFields) > maxFields {
		fault("customFields: %d, at most %d", len(a.CustomFields), maxFields)
	}
	for _, name := range slices.Sorted(maps.Keys(a.CustomFields)) {
		if err := checkField(name, a.CustomFields[name]); err != nil {
			fault("customFields.%.100s: %w", name, err)
		}
	}
	return errors.Join(errs...)
}

// checkField wants a name and one JSON scalar.
func checkField(name string, value json.RawMessage) error {
	if name == "" || len(name) > 128 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return errors.New("the name of a field has 1 to 128 bytes and no white space")
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return errors.New("not valid JSON")
	}
	switch v := v.(type) {
	case nil, bool, float64:
		return nil
	case string:
		if n := utf8.RuneCountInString(v); n > maxFieldText {
			return fmt.Errorf("%d characters, at most %d", n, maxFieldText)
		}
		return nil
	default:
		return errors.New("want a text, a number, a boolean or null")
	}
}

// With returns a with what b says laid over it: b's fields win one by one, tags and custom fields are joined. Both stay
// as they are.
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
	for own, theirs := range map[*string]string{
		&out.Subject: b.Subject, &out.EmailTemplate: b.EmailTemplate, &out.Queue: b.Queue, &out.Status: b.Status, &out.SubStatus: b.SubStatus,
	} {
		if theirs != "" {
			*own = theirs
		}
	}
	if b.Status != "" && b.SubStatus == "" {
		out.SubStatus = "" // it belonged to the other status
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
	Field string `json:"field"` // subject, tags, customFields, emailTemplate, spam, queue, assignedUsers, assignedTeams, status, subStatus
	Op    string `json:"op"`    // set: Value is the field's from now on; add: Value is added to it
	Value any    `json:"value"`
}

// Changes are the steps in the one order in which they are applied: what describes the conversation, then where it goes,
// then its status, because a conversation that is done or snoozed may not be assigned. A transfer to a queue takes the
// conversation from whoever had it, unless the same actions name someone.
func (a *Actions) Changes() []Change {
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
	if a.Status != "" {
		set("status", a.Status)
	}
	if a.SubStatus != "" {
		set("subStatus", a.SubStatus)
	}
	return steps
}
