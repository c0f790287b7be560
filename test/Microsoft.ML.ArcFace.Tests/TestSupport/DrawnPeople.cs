using Microsoft.ML.ArcFace.Samples.Drawing;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A folder of drawn faces that is removed afterwards.</summary>
internal sealed class DrawnPeople : IDisposable
{
    public DrawnPeople(int people, int picturesPerPerson, int seed = 1)
    {
        Folder = Path.Combine(Path.GetTempPath(), "arcface-tests-" + Guid.NewGuid().ToString("N"));
        DrawnFaces.WriteFolder(Folder, people, picturesPerPerson, seed);
    }

    public string Folder { get; }

    public string AnyPicture => Directory.EnumerateFiles(Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();

    /// <summary>The pictures with an image column, decoded when read.</summary>
    public IDataView Images(MLContext ml)
    {
        IDataView rows = ml.FaceRecognition().LoadFromFolder(Folder);
        return ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
