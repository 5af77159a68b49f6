package api

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/rate"
)

func (s *Server) registerLanes(api huma.API) {
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-lanes", Method: http.MethodGet, Path: "/v1/lanes", Tags: []string{"Operations"}, Summary: "What all workers do, by channel",
		Description: "Channels on which nothing happened for two hours are left out.",
	}, s.listLanes)
}

// Lane is what all workers together did on a channel.
type Lane struct {
	Channel   string       `json:"channel"`
	PerSecond float64      `json:"perSecond" doc:"Sent, on the average of the last 10 s."`
	Sent      int64        `json:"sent" doc:"In the last hour."`
	Failed    int64        `json:"failed" doc:"In the last hour, for good."`
	Limit     float64      `json:"limit" doc:"Messages a second as configured; 0 is none."`
	InForce   float64      `json:"inForce" doc:"The limit after back-pressure; 0 is none."`
	Minutes   []LaneMinute `json:"minutes" nullable:"false" doc:"The last hour's, the oldest first."`
}

// LaneMinute is one minute of a channel.
type LaneMinute struct {
	Sent   int64 `json:"sent"`
	Failed int64 `json:"failed"`
}

type lanesOutput struct {
	Body struct {
		Items []Lane `json:"items" nullable:"false"`
	}
}

func (s *Server) listLanes(ctx context.Context, _ *struct{}) (*lanesOutput, error) {
	numbers, err := rate.NewMeter(s.Redis, nil).Numbers(ctx)
	if err != nil {
		return nil, err
	}
	out := &lanesOutput{}
	out.Body.Items = []Lane{}
	for _, channel := range slices.Sorted(maps.Keys(numbers)) {
		n := numbers[channel]
		lane := Lane{Channel: channel, PerSecond: n.PerSecond, Sent: n.Sent, Failed: n.Failed, Limit: n.Limit, InForce: n.InForce, Minutes: []LaneMinute{}}
		for _, m := range n.Minutes {
			lane.Minutes = append(lane.Minutes, LaneMinute(m))
		}
		out.Body.Items = append(out.Body.Items, lane)
	}
	return out, nil
}
