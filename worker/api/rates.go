package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
)

// Rates are the limits of channels and senders.
type Rates struct {
	Set     bool               `json:"set" doc:"Whether they were set for all workers; else they are the lowest of the living workers' own."`
	Version int64              `json:"version" doc:"How often rates were set or taken back."`
	Since   *time.Time         `json:"since,omitempty" doc:"When that was last."`
	Rates   map[string]float64 `json:"rates" nullable:"false" doc:"Messages a second that all workers together may send, by channel (sms) or sender (sms:+15550100). What is missing, and 0, has no limit."`
}

type ratesOutput struct{ Body Rates }

type setRatesInput struct {
	Body struct {
		Rates   map[string]float64 `json:"rates" doc:"All rates, in place of those before: messages a second by channel (sms) or sender (sms:+15550100). What is missing, and 0, has no limit."`
		Version *int64             `json:"version,omitempty" minimum:"0" doc:"The version that they replace; if it is another one meanwhile, nothing changes (409 rates_changed)."`
	}
}

func (s *Server) registerRates(api huma.API) {
	add := func(id, method, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/v1/rates", Tags: []string{"Operations"}, Summary: summary}
	}
	Handle(api, ScopeRead, add("get-rates", http.MethodGet, "How fast channels and senders may send"), s.getRates)
	set := add("set-rates", http.MethodPut, "Set the rates for all workers")
	set.Description = "They hold within some seconds, in place of HERALD_RATES of each worker, also for workers that start later."
	set.Errors = append(set.Errors, http.StatusConflict)
	Handle(api, ScopeAdmin, set, s.setRates)
	Handle(api, ScopeAdmin, add("unset-rates", http.MethodDelete, "Let the workers' own rates hold again"), func(ctx context.Context, in *struct{}) (*ratesOutput, error) {
		if err := s.Client.UnsetRates(ctx); err != nil {
			return nil, err
		}
		return s.getRates(ctx, in)
	})
}

func (s *Server) getRates(ctx context.Context, _ *struct{}) (*ratesOutput, error) {
	agreed, err := s.Client.Rates(ctx)
	if err != nil {
		return nil, err
	}
	return &ratesOutput{Rates{agreed.Set, agreed.Version, someTime(agreed.At), agreed.Rates}}, nil
}

func (s *Server) setRates(ctx context.Context, in *setRatesInput) (*ratesOutput, error) {
	rates := map[string]float64{}
	var faults fault.List
	for text, perSecond := range in.Body.Rates {
		at := "/rates/" + fault.Escape(text)
		lane, err := delivery.ParseLane(text, s.Country)
		if err == nil {
			err = bulk.CheckRate(perSecond)
		}
		if _, twice := rates[lane]; err == nil && twice {
			err = fault.At("", fault.Duplicate, "%s has two rates", lane)
		}
		faults.Join(at, err)
		rates[lane] = perSecond
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	replaces := enqueue.AnyRates
	if in.Body.Version != nil {
		replaces = *in.Body.Version
	}
	if err := s.Client.SetRates(ctx, rates, replaces); err != nil {
		return nil, err
	}
	return s.getRates(ctx, nil)
}
