namespace Microsoft.ML.ArcFace.Benchmarks.Scaling;

/// <summary>A place on a curve.</summary>
/// <param name="Size">People, photographs, faces in a pass, or threads.</param>
/// <param name="Measured">What was measured there.</param>
/// <param name="FloorMilliseconds">The larger of the operations over the machine's rate and the bytes over its bandwidth.</param>
/// <param name="FloorMegabytes">The bytes that must be held; 0 where there is no such number.</param>
internal sealed record ScalingPlace(double Size, ScalingMeasurement Measured, double FloorMilliseconds, double FloorMegabytes);

/// <summary>How time and memory change with one size.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="SizeName">What changes.</param>
/// <param name="Unit">What the milliseconds are of.</param>
/// <param name="Places">By size.</param>
internal sealed record ScalingCurve(string Name, string SizeName, string Unit, IReadOnlyList<ScalingPlace> Places);
