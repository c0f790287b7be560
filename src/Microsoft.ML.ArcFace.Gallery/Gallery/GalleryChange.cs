namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>One change of a gallery, made in the file by <see cref="GalleryTransaction"/> and in memory by <see cref="GalleryMemory"/>.</summary>
/// <param name="Erases">Whether something goes whose bytes must not stay in the file.</param>
internal abstract record GalleryChange(bool Erases);

/// <summary>A person comes in, before the first photograph.</summary>
internal sealed record PersonAdded(long Number, string Id, string Name) : GalleryChange(Erases: false);

/// <summary>A person is called by another name.</summary>
internal sealed record PersonRenamed(PersonEntry Person, string Name) : GalleryChange(Erases: true);

/// <summary>A person goes with all photographs.</summary>
internal sealed record PersonRemoved(PersonEntry Person) : GalleryChange(Erases: true);

/// <summary>A person gets a photograph.</summary>
internal sealed record PhotographAdded(long Number, long PersonNumber, string PersonId, GalleryPhotograph Details, float[] Vector) : GalleryChange(Erases: false);

/// <summary>A photograph goes, and its person has others.</summary>
internal sealed record PhotographRemoved(PhotographEntry Photograph) : GalleryChange(Erases: true);
