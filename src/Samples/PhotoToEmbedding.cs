using System.Globalization;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.Data;
using Spectre.Console;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// One model from a photograph as a camera takes it to an embedding: load, detect, align, embed. The .zip holds all of it,
/// the detector too; whoever loads it needs nothing but the package.
/// </summary>
internal static class PhotoToEmbedding
{
    /// <summary>Joins a detector and an embedding to one pipeline and saves it.</summary>
    /// <param name="detector">The .onnx file of YuNet or SCRFD.</param>
    /// <param name="createEmbedding">Gives the embedding of a column "Image" of aligned faces.</param>
    /// <param name="output">The .zip to write.</param>
    public static void Build(string detector, Func<MLContext, IDataView, FaceEmbeddingTransformer> createEmbedding, string output)
    {
        var ml = new MLContext();
        IDataView noRows = ml.Data.LoadFromEnumerable(Array.Empty<Photograph>());     // nothing is learned: only the schema counts
        using TransformerChain<FaceAligningTransformer> toFace = ml.Transforms.LoadFaceImages("Photograph", nameof(Photograph.ImagePath))
            .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", detector))
            .Append(ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks"))
            .Fit(noRows);
        using FaceEmbeddingTransformer embedding = createEmbedding(ml, toFace.Transform(noRows));
        ml.Model.Save(toFace.Append(embedding), noRows.Schema, output);
        Console.WriteLine($"Wrote {output} ({new FileInfo(output).Length / 1e6:F1} MB): photograph -> faces -> aligned face -> embedding");
    }

    /// <summary>Loads the pipeline and embeds photographs.</summary>
    /// <param name="pipeline">A .zip that <see cref="Build"/> wrote.</param>
    /// <param name="photographs">Files as a camera writes them.</param>
    /// <param name="embeddingsFile">Where the embeddings go, a line each; null: nowhere.</param>
    public static void Embed(string pipeline, IEnumerable<string> photographs, string? embeddingsFile)
    {
        var ml = new MLContext();
        ITransformer model = ml.FaceRecognition().LoadModel(pipeline, out _);
        using var native = (IDisposable)model;
        IDataView rows = ml.Data.LoadFromEnumerable(photographs.Select(path => new Photograph { ImagePath = path }));
        Face[] faces = [.. ml.Data.CreateEnumerable<Face>(model.Transform(rows), reuseRowObject: false)];

        float[]? first = faces.FirstOrDefault(face => face.Scores.Length > 0)?.Embedding;
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("Photograph", "Faces", "Main face", "Score", "Cosine to the first");
        foreach (Face face in faces)
        {
            string name = Markup.Escape(Path.GetFileName(face.ImagePath));
            if (face.Scores.Length == 0)
            {
                // No face: empty vectors, no aligned image, and an embedding of NaN.
                table.AddRow(name, "0", "none", "", "");
                continue;
            }

            string box = string.Create(CultureInfo.InvariantCulture, $"{face.Boxes[2]:F0}×{face.Boxes[3]:F0} at {face.Boxes[0]:F0}, {face.Boxes[1]:F0}");
            float cosine = face.Embedding.Zip(first!, (a, b) => a * b).Sum();
            table.AddRow(name, $"{face.Scores.Length}", box, face.Scores[0].ToString("F2", CultureInfo.InvariantCulture), cosine.ToString("F3", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
        if (embeddingsFile is not null)
        {
            File.WriteAllLines(embeddingsFile, faces.Select(face => string.Join('\t', [TerminalText.OfLine(face.ImagePath).Replace("\t", @"\u0009", StringComparison.Ordinal), .. face.Embedding.Select(value => value.ToString("R", CultureInfo.InvariantCulture))])));
            Console.WriteLine($"Wrote {embeddingsFile}: {faces.Length} embeddings of {faces[0].Embedding.Length} numbers");
        }
    }

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class Face
    {
        public string ImagePath { get; set; } = "";

        public float[] Boxes { get; set; } = [];

        public float[] Scores { get; set; } = [];

        public float[] Embedding { get; set; } = [];
    }
}
