package api

import (
	"maps"
	"net/http"
	"testing"
)

func TestRatesForAll(t *testing.T) {
	s := start(t, nil)
	rates := func(method, body string, status int) Rates {
		t.Helper()
		var got Rates
		var in any
		if body != "" {
			in = body
		}
		s.want(status, method, "/v1/rates", in).decode(t, &got)
		return got
	}
	if got := rates("GET", "", http.StatusOK); got.Set || got.Version != 0 || got.Since != nil || got.Rates == nil {
		t.Errorf("nothing set: %+v", got)
	}
	got := rates("PUT", `{"rates":{"email":200,"sms:+1 (555) 010-0100":1,"email:Ada <News@Acme.example>":0.5},"version":0}`, http.StatusOK)
	want := map[string]float64{"email": 200, "sms:+15550100100": 1, "email:news@acme.example": 0.5}
	if !got.Set || got.Version != 1 || got.Since == nil || !maps.Equal(got.Rates, want) {
		t.Errorf("set: %+v", got)
	}
	for body, pointer := range map[string]string{
		`{"rates":{"emial":1}}`:    "/rates/emial",
		`{"rates":{"email":-1}}`:   "/rates/email",
		`{"rates":{"sms:a~/b":1}}`: "/rates/sms:a~0~1b",
		`{"rates":{"email:a@acme.example":1,"email:Ada <a@acme.example>":1}}`: "/rates/email:",
		`{"rates":{"email":"fast"}}`:                                          "/rates/email",
		`{}`:                                                                  "/rates",
		`{"rates":null}`:                                                      "/rates",
		`{"rates":{"email":1},"version":-1}`:                                  "/version",
	} {
		var p struct{ Errors []struct{ Pointer string } }
		s.want(http.StatusUnprocessableEntity, "PUT", "/v1/rates", body).decode(t, &p)
		if len(p.Errors) != 1 || len(p.Errors[0].Pointer) < len(pointer) || p.Errors[0].Pointer[:len(pointer)] != pointer {
			t.Errorf("%s: %s", body, s.do("PUT", "/v1/rates", body).body)
		}
	}
	var p struct{ Code string }
	s.want(http.StatusConflict, "PUT", "/v1/rates", `{"rates":{"email":1},"version":0}`).decode(t, &p)
	if p.Code != "rates_changed" {
		t.Errorf("another version: %+v", p)
	}
	if got := rates("GET", "", http.StatusOK); got.Version != 1 || !maps.Equal(got.Rates, want) {
		t.Errorf("after mistakes: %+v", got)
	}
	if got := rates("DELETE", "", http.StatusOK); got.Set || got.Version != 2 || len(got.Rates) != 0 {
		t.Errorf("taken back: %+v", got)
	}
}
