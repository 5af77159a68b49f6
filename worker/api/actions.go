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
	AssignedUsers []string     `json:"assignedUsers,omitempty" maxItems:"100"`
	AssignedTeams []string     `json:"assignedTeams,omitempty" maxItems:"100"`
	Status        string       `json:"status,omitempty" enum:"open,snoozed,done"`
	SubStatus     string       `json:"subStatus,omitempty" maxLength:"128"`
}

func (a *ActionsBody) actions() *task.Actions {
	if a == nil {
		return nil
	}
	return &task.Actions{
		Subject: a.Subject, Tags: a.Tags, CustomFields: a.CustomFields, EmailTemplate: a.EmailTemplate, Spam: a.Spam, Queue: a.Queue,
		AssignedUsers: a.AssignedUsers, AssignedTeams: a.AssignedTeams, Status: a.Status, SubStatus: a.SubStatus,
	}
}

// CustomFields are members of any scalar kind. Their numbers stay exact.
type CustomFields map[string]json.RawMessage

// Schema describes them.
func (CustomFields) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
