namespace Microsoft.ML.ArcFace;

/// <summary>Says what could be read out of a damaged gallery.</summary>
/// <param name="PersonCount">People in the new gallery.</param>
/// <param name="PhotographCount">Photographs in the new gallery.</param>
/// <param name="ExpectedPersonCount">People that the damaged file says it had; null where it does not say.</param>
/// <param name="ExpectedPhotographCount">Photographs that the damaged file says it had; null where it does not say.</param>
/// <param name="Lost">What is lost or had to be changed, in words; empty where everything could be read.</param>
public sealed record RecoveredGallery(int PersonCount, int PhotographCount, long? ExpectedPersonCount, long? ExpectedPhotographCount, IReadOnlyList<string> Lost);
