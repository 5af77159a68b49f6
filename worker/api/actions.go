package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/task"
)

// ActionsBody changes a conversation after a message was sent to it. An empty field changes nothing.
type ActionsBody struct {
	Subject       string       `json:"subject,omitempty" maxLength:"998"`
	Tags          []string     `json:"tags,omitempty" maxItems:"20" doc:"Added to the conversation's own."`
	CustomFields  CustomFields `json:"customFields,omitempty" doc:"Texts, numbers, booleans, or null, which empties a field."`
	EmailTemplate string       `json:"emailTemplate,omitempty" maxLength:"128"`
	Spam          *bool        `json:"spam,omitempty"`
	Queue         string       `json:"queue,omitempty" maxLength:"128" doc:"Transfers the conversation."`
	AssignedUsers []string     `json:"assignedUsers,omitempty" maxItems:"10"`
	AssignedTeams []string     `json:"assignedTeams,omitempty" maxItems:"100"`
	Priority      int          `json:"priority,omitempty" minimum:"1" maximum:"5" doc:"5 is the most urgent."`
	Status        string       `json:"status,omitempty" enum:"open,snoozed,done"`
	SubStatus     string       `json:"subStatus,omitempty" maxLength:"128"`
	SnoozeUntil   string       `json:"snoozeUntil,omitempty" maxLength:"40" doc:"A time (RFC 3339), or a span from when the message went, such as 3d, 1w2d or 90m. The status becomes snoozed."`
}

func (a *ActionsBody) actions() *task.Actions {
	if a == nil {
		return nil
	}
	return &task.Actions{
		Subject: a.Subject, Tags: a.Tags, CustomFields: a.CustomFields, EmailTemplate: a.EmailTemplate, Spam: a.Spam, Queue: a.Queue,
		AssignedUsers: a.AssignedUsers, AssignedTeams: a.AssignedTeams, Priority: a.Priority, Status: a.Status,
		SubStatus: a.SubStatus, SnoozeUntil: a.SnoozeUntil,
	}
}

// CustomFields are members of any scalar kind. Their numbers stay exact.
type CustomFields map[string]json.RawMessage

// Schema describes them.
func (CustomFields) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
