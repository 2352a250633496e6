# One image per service: docker build --build-arg SERVICE=orders -t sidecart/orders .
# BASE_IMAGE is any image with Node 24 and npm. Nothing is written to the root file system at run time.
ARG BASE_IMAGE=node:24-bookworm-slim

# All services, compiled once: the images of the others find this stage in the cache.
FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.base.json ./
COPY e2e/package.json e2e/
COPY bench/package.json bench/
COPY packages packages
COPY services services
RUN npm ci --ignore-scripts --no-audit --no-fund && npx tsc -b packages/streams services/*

# What one service needs to run, and no more.
FROM ${BASE_IMAGE} AS service
ARG SERVICE
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/contracts/package.json packages/contracts/
COPY packages/chassis/package.json packages/chassis/
COPY packages/accounts/package.json packages/accounts/
COPY packages/streams/package.json packages/streams/
COPY services/${SERVICE}/package.json services/${SERVICE}/
RUN test -n "${SERVICE}" || { echo 'Say which service: --build-arg SERVICE=orders' >&2; exit 1; } \
  && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace "services/${SERVICE}" --workspace packages/streams
COPY --from=build /app/packages/contracts/dist/src packages/contracts/dist/src
COPY --from=build /app/packages/chassis/dist/src packages/chassis/dist/src
COPY --from=build /app/packages/accounts/dist/src packages/accounts/dist/src
COPY --from=build /app/packages/streams/dist/src packages/streams/dist/src
COPY --from=build /app/services/${SERVICE}/dist/src services/${SERVICE}/dist/src

FROM ${BASE_IMAGE}
ARG SERVICE
# The heap may take half of the container's memory limit. Node's own default may exceed the limit.
ENV NODE_ENV=production NODE_OPTIONS=--max-old-space-size-percentage=50
COPY --from=service /app /app
WORKDIR /app/services/${SERVICE}
USER 1000:1000
EXPOSE 3000
CMD ["node", "--max-semi-space-size=2", "--liftoff-only", "--import", "@sidecart/chassis/telemetry", "dist/src/main.js"]
