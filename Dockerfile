# A static binary on an empty base: no shell, no package manager, not root.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/amiral ./cmd/amiral

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/amiral /amiral
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/amiral"]
CMD ["serve", "-config", "/etc/amiral/amiral.yaml"]
