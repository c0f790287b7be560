using Microsoft.ML.ArcFace.Views;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// One photograph of a list. Lists have millions: rows share the strings of their folder and label, and the full path is put
/// together when it is asked for, so that a row has one string of its own.
/// </summary>
/// <param name="folder">What the path is relative to, if it is.</param>
/// <param name="path">As this system writes paths.</param>
/// <param name="relativePath">The same with slashes.</param>
/// <param name="label">Who is on it.</param>
internal sealed class FaceFile(string folder, string path, string relativePath, string label)
{
    public string ImagePath => Path.Combine(folder, path);

    public string Label => label;

    public string RelativePath => relativePath;

    /// <summary>Makes rows of photographs; nothing is opened.</summary>
    public static IDataView ToView(IReadOnlyList<FaceFile> files) => new ListDataView<FaceFile>(files,
    [
        ViewColumn<FaceFile>.OfText(nameof(ImagePath), file => file.ImagePath),
        ViewColumn<FaceFile>.OfText(nameof(Label), file => file.Label),
        ViewColumn<FaceFile>.OfText(nameof(RelativePath), file => file.RelativePath),
    ]);
}
