package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/rate"
)

func (s *Server) registerLanes(api huma.API) {
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-lanes", Method: http.MethodGet, Path: "/v1/lanes", Tags: []string{"Operations"}, Summary: "What all workers together do on each channel",
		Description: "The rate of each channel, its counts of the last hour, and its limits. These numbers are for display; the states of bulks and messages are exact.",
	}, s.listLanes)
}

// ChannelLane has the numbers of all workers together on a channel.
type ChannelLane struct {
	Channel   message.Channel `json:"channel"`
	PerSecond float64         `json:"perSecond" doc:"Sent a second, on the average of the last 10."`
	Sent      int64           `json:"sent" doc:"In the last hour."`
	Failed    int64           `json:"failed" doc:"For good, in the last hour."`
	Limit     float64         `json:"limit" doc:"Messages a second as configured; 0 is no limit."`
	InForce   float64         `json:"inForce" doc:"The limit that is in force while a server says that Herald is too fast; 0 is no limit."`
	Minutes   []LaneMinute    `json:"minutes" nullable:"false" doc:"The minutes of the last hour, the oldest first; the last one is not over."`
}

// LaneMinute is one minute of a channel.
type LaneMinute struct {
	Sent   int64 `json:"sent"`
	Failed int64 `json:"failed"`
}

type lanesOutput struct {
	Body struct {
		Items []ChannelLane `json:"items" nullable:"false"`
	}
}

func (s *Server) listLanes(ctx context.Context, _ *struct{}) (*lanesOutput, error) {
	numbers, err := rate.NewMeter(s.Redis, nil).Numbers(ctx)
	if err != nil {
		return nil, err
	}
	out := &lanesOutput{}
	out.Body.Items = []ChannelLane{}
	for _, channel := range message.Channels {
		n := numbers[string(channel)]
		lane := ChannelLane{
			Channel: channel, PerSecond: n.PerSecond, Sent: n.Sent, Failed: n.Failed, Limit: n.Limit, InForce: n.InForce, Minutes: []LaneMinute{},
		}
		for _, m := range n.Minutes {
			lane.Minutes = append(lane.Minutes, LaneMinute(m))
		}
		out.Body.Items = append(out.Body.Items, lane)
	}
	return out, nil
}
