# The image of the program. It runs as nobody, and holds nothing else but the Helm that renders what
# charts are pushed. Both builds are one command each, which works outside a container too.
FROM docker.io/library/golang:1.26-bookworm AS helm
WORKDIR /build
COPY tests/tools .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /build/helm helm.sh/helm/v3/cmd/helm

FROM docker.io/library/rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --locked --profile dist --bin portcullis

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=helm /build/helm /usr/bin/helm
COPY --from=build /build/target/dist/portcullis /usr/bin/portcullis
USER 65532:65532
ENTRYPOINT ["/usr/bin/portcullis"]
CMD ["serve"]
