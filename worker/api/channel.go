package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// channelName describes the name of a channel: message.Channel and catalog.Channel.
type channelName string

// Schema describes it.
func (channelName) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: choices(message.Channels)}
}

// policyName describes a task.Policy.
type policyName string

// Schema describes it.
func (policyName) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Enum: choices(task.Policies),
		Description: "What a crash in the middle of sending leaves behind: sent again, or held as unknown. resend where missing, hold for " +
			message.Join(message.HeldChannels(), "and") + ".",
	}
}

func choices[T ~string](all []T) []any {
	out := make([]any, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

// PerChannel is a list with at most one element for each channel.
type PerChannel[T any] []T

// TransformSchema sets the limit.
func (PerChannel[T]) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	most := len(message.Channels)
	s.MaxItems = &most
	return s
}
