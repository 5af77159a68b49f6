package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Registrar adds operations to the API: what Options.Preview is.
type Registrar interface {
	Register(api huma.API)
}

// securityScheme is the name of the bearer tokens in the description.
const securityScheme = "token"

// defaultBody is the largest body of an operation that says nothing else, in bytes.
const defaultBody = 1 << 20

// patience is how long a handler may wait for Redis, if the Redis client obeys deadlines: longer than a slow disk
// takes, and short enough that a caller hears about a Redis that hangs.
const patience = 8 * time.Second

// Handle registers an operation that needs a scope. asProblem turns errors of the handler into problems. An operation
// that is registered in another way needs ScopeAdmin. op.MaxBodyBytes is the largest body that passes.
func Handle[I, O any](api huma.API, scope Scope, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	op.Security = []map[string][]string{{securityScheme: {string(scope)}}}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = defaultBody
	}
	op.MaxBodyBytes++ // huma refuses a body that fills the limit
	op.BodyReadTimeout = -1
	op.RejectUnknownQueryParameters = true
	op.SkipValidateBody = true // readJSON has checked it
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusServiceUnavailable)
	if _, takesJSON := reflect.TypeFor[I]().FieldByName("Body"); takesJSON || op.RequestBody != nil {
		op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	op.Metadata = maps.Clone(op.Metadata)
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[ownID] = hasID(reflect.TypeFor[I]())
	op.Metadata[checkOwn] = func(body []byte) error {
		var in I
		field := reflect.ValueOf(&in).Elem().FieldByName("Body")
		if rules, has := field.Addr().Interface().(ownRules); has {
			return ownFaults(body, rules)
		}
		return nil
	}
	_, streams := any(new(I)).(interface{ body() *pacedReader })
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		if !streams {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
		out, err := handler(ctx, in)
		if err != nil {
			return nil, asProblem(err)
		}
		return out, nil
	})
}

// ownID is the key, in the metadata of an operation, of whether it is about one message, forward or bulk: then a caller
// reaches only its own.
const ownID = "ownID"

// hasID reports whether an input is, or has, an IDInput.
func hasID(in reflect.Type) bool {
	_, embedded := in.FieldByName(reflect.TypeFor[IDInput]().Name())
	return embedded || in == reflect.TypeFor[IDInput]()
}

// scopeOf is the scope that an operation needs.
func scopeOf(op *huma.Operation) Scope {
	for _, requirement := range op.Security {
		if scopes := requirement[securityScheme]; len(scopes) == 1 {
			return Scope(scopes[0])
		}
	}
	return ScopeAdmin
}

// Object is a JSON object that is passed on byte by byte, so that its numbers stay exact.
type Object json.RawMessage

// Schema describes it.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON gives the bytes.
func (o Object) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON keeps the bytes.
func (o *Object) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = nil
		return nil
	}
	return (*json.RawMessage)(o).UnmarshalJSON(data)
}

var _ huma.SchemaProvider = Object(nil)

// describe begins the description that the operations are added to.
func describe(version string) huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return huma.DefaultSchemaNamer(t, hint)
	})
	registry.RegisterTypeAlias(reflect.TypeFor[message.Channel](), reflect.TypeFor[channelName]())
	registry.RegisterTypeAlias(reflect.TypeFor[catalog.Channel](), reflect.TypeFor[channelName]())
	registry.RegisterTypeAlias(reflect.TypeFor[task.Policy](), reflect.TypeFor[policyName]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Herald", Version: version,
				Description: "Renders shortcuts and sends them: messages and bulks by " + message.Join(message.Channels, "and") + ". 202 means stored as durably as Redis is set up to store.",
				License:     &huma.License{Name: "MIT", Identifier: "MIT"},
			},
			Servers: []*huma.Server{{URL: "/"}},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					securityScheme: {Type: "http", Scheme: "bearer", Description: "A token that `herald token create` made. It has scopes: " + message.Join(Scopes, "or") + ". Messages, forwards, bulks and their keys belong to its owner; admin reaches those of all owners."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}
