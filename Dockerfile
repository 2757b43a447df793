# The image of the program. It runs as nobody, and holds nothing else. The build is one cargo
# command, which works outside a container too.
FROM docker.io/library/rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --locked --profile dist --bin portcullis

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/dist/portcullis /usr/bin/portcullis
USER 65532:65532
ENTRYPOINT ["/usr/bin/portcullis"]
CMD ["serve"]
