using System.ComponentModel;

namespace Microsoft.ML.ArcFace;

/// <summary>Spells <see cref="EnrollmentSummary"/> as programs did before the names became American.</summary>
/// <param name="PersonCount">People who were enrolled or given more photographs.</param>
/// <param name="PhotographCount">Photographs that were enrolled.</param>
/// <param name="UnusableCount">Rows that were left out.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record EnrolmentSummary(int PersonCount, int PhotographCount, int UnusableCount);
