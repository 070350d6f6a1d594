# An image with dagger-breaker as a single file. Run it, or copy the file from it: see docs/install.md.
# Pin the base images with --build-arg, by digest if you like.
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json LICENSE ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build-executable.mjs scripts/
COPY scripts/installing scripts/installing/
COPY scripts/packaging/bundle-program.mjs scripts/packaging/
COPY scripts/licenses scripts/licenses/
COPY src src/
RUN npm run build:executable

FROM ${RUNTIME_IMAGE}
COPY --from=build /src/build/dagger-breaker /usr/local/bin/
COPY --from=build /src/build/dagger-breaker.licenses.txt /usr/local/share/doc/dagger-breaker/
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/dagger-breaker"]
