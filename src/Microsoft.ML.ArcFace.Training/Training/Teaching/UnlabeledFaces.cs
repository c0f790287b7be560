using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Photographs without labels, for the teacher alone; all of them are in memory.</summary>
internal sealed class UnlabeledFaces
{
    private const string SetName = "set of unlabeled photographs";

    private readonly IReadOnlyList<byte[]> _faces;

    private UnlabeledFaces(IReadOnlyList<byte[]> faces, string? fingerprint) => (_faces, Fingerprint) = (faces, fingerprint);

    public int Count => _faces.Count;

    /// <inheritdoc cref="TrainingFaces.Fingerprint"/>
    public string? Fingerprint { get; }

    /// <summary>The pixels of a photograph.</summary>
    public byte[] this[int place] => _faces[place];

    /// <summary>Checks what can be said about them before any photograph is read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of another kind.</exception>
    public static void Check(IHost host, FaceTeacher? teacher, string imageColumnName)
    {
        if (teacher?.UnlabeledPhotographs is { } data)
        {
            FacePixelReader.Column(host, data.Schema, imageColumnName);
        }
    }

    /// <summary>Reads them once; null where there are none.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or a row has no photograph and none may be left out.</exception>
    public static UnlabeledFaces? Read(IHost host, IChannel channel, FaceTeacher? teacher, TrainingSetup setup, WorkObserver observer)
    {
        if (teacher?.UnlabeledPhotographs is not { } data)
        {
            return null;
        }

        DataViewSchema.Column imageColumn = FacePixelReader.Column(host, data.Schema, setup.ImageColumnName);
        var preflight = new TrainingPreflight(FaceLabels.OfNobody, setup, SetName);
        var alignment = new AlignmentCheck(setup.RequireAligned);
        var faces = new List<byte[]>();
        using DataFingerprint? fingerprint = DataFingerprint.Begin(setup, FaceLabels.OfNobody);
        DataViewSchema.Column? nameColumn = ImageOrigin.KeyColumn(data.Schema);
        using (DataViewRowCursor cursor = data.GetRowCursor([imageColumn, .. nameColumn is { } column ? [column] : Array.Empty<DataViewSchema.Column>()]))
        {
            Func<string>? getName = nameColumn is { } named ? ImageOrigin.CreateGetter(cursor, named) : null;
            FacePixelReader.Getter getFace = FacePixelReader.Create(cursor, imageColumn, (image, name) => alignment.IsAligned(image, getName ?? name));
            using WorkMeter meter = observer.Begin("unlabeled photographs decoded", data.GetRowCount());
            while (cursor.MoveNext())
            {
                meter.Advance();
                setup.CancellationToken.ThrowIfCancellationRequested();
                byte[] pixels = GC.AllocateUninitializedArray<byte>(FaceTensor.ByteCount);
                if (preflight.Accept(getFace(pixels) ? pixels : null, label: 0, getName))
                {
                    fingerprint?.Add(pixels, label: 0);
                    faces.Add(pixels);
                }
            }
        }

        preflight.CheckRows(channel);
        preflight.CheckAlignment(channel, alignment);
        channel.Info($"{Counted.Of(faces.Count, "photograph")} without labels, kept in memory.");
        return new UnlabeledFaces(faces, fingerprint?.Text());
    }
}
