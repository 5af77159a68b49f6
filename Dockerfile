# syntax=docker/dockerfile:1
FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=devel
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /herald ./cmd/herald

# Alpine rather than an empty image: its wget is the health check, its certificates are the mail servers'.
FROM alpine:3.22
RUN apk add --no-cache ca-certificates && adduser -D -H -u 10001 herald
COPY --from=build /herald /usr/local/bin/herald
# By number, so that Kubernetes can see that it is not root.
USER 10001
# A container's own address: publish the port where it is wanted. The API wants tokens there.
ENV HERALD_LISTEN=0.0.0.0:8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD wget -qO- http://127.0.0.1:8080/healthz >/dev/null
# Time zones and locales are in the binary; the image needs neither.
EXPOSE 8080
ENTRYPOINT ["herald"]
CMD ["worker"]
