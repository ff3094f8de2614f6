/**
 * The media types that the suite pushes.
 * @see https://github.com/opencontainers/image-spec/blob/main/media-types.md
 */
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const FOREIGN_LAYER = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
export const FOREIGN_LAYER_GZIP = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
export const EMPTY_JSON = 'application/vnd.oci.empty.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** Types that nobody has heard of: a registry must not mind. */
export const STRANGE = 'application/vnd.stowage.conformance.one.v1';
export const STRANGER = 'application/vnd.stowage.conformance.two.v1+json';

/** What a client lists in `Accept`. */
export const MANIFEST_TYPES: readonly string[] = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST];
