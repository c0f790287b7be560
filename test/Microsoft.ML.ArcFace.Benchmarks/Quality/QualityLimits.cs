using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Benchmarks.Quality;

/// <summary>
/// What the numbers of a face's quality mean for recognition: one photograph of a pair of one person is as it is, the other is made worse
/// on purpose, and the pair is held against the threshold of the photographs as they are. Beside it, how strangers fare with the worse
/// photographs, and what the limits refuse of photographs as they are.
/// </summary>
/// <param name="graph">The .onnx file of a recognizer.</param>
/// <param name="detector">The .onnx file of a detector, for pose and scores.</param>
/// <param name="test">Aligned photographs, one folder a person.</param>
/// <param name="pairs">Pairs in the format of LFW's pairs.txt.</param>
/// <param name="photographs">A folder of photographs that are not aligned.</param>
/// <param name="most">The most pairs of one person that are measured.</param>
internal sealed class QualityLimits(string graph, string detector, string test, string pairs, string photographs, int most)
{
    /// <summary>False matches of the threshold among pairs of strangers as they are.</summary>
    private const double Rate = 0.001;
    private const int Batch = 16;

    /// <summary>The first level of each kind is the photograph as it is.</summary>
    private static readonly (string Name, Func<FaceQuality, double> Number, double[] Levels, Action<byte[], double> Worsen)[] s_kinds =
    [
        ("size: reduced to pixels a side", _ => double.NaN, [112, 56, 40, 32, 24, 20, 16], (face, level) => FaceReduction.Apply(face, (int)level)),
        ("sharpness: Gaussian blur of pixels", quality => quality.Sharpness, [0, 1, 1.5, 2, 2.5, 3, 4], Blur),
        ("brightness: darkened to a share", quality => quality.Brightness, [1, 0.25, 0.2, 0.15, 0.1, 0.05], Scale),
        ("brightness: brightened to a multiple", quality => quality.Brightness, [1, 1.5, 2, 3, 4], Scale),
    ];

    public void Run()
    {
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(test);
        string[] names = [.. rows.GetColumn<string>("RelativePath")], people = [.. rows.GetColumn<string>("Label")];
        Dictionary<string, int> places = names.Select((name, place) => (name, place)).ToDictionary(one => one.name, one => one.place, StringComparer.Ordinal);
        byte[][] faces = [.. rows.GetColumn<string>("ImagePath").Select(Read)];
        (int First, int Second)[] same = [.. ml.FaceRecognition().LoadPairs(pairs).Where(pair => pair.IsSamePerson).Select(pair => (places[pair.First], places[pair.Second]))];
        int step = Math.Max(1, same.Length / most);
        same = [.. same.Where((_, number) => number % step == 0).Take(most)];
        using FaceEmbeddingTransformer model = ml.Transforms.EmbedFaces("Embedding", "Image", graph).Fit(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows));
        float[][] plain = Embed(model, faces);
        double threshold = Threshold(plain, people);
        Print($"{faces.Length} photographs of {people.Distinct().Count()} people, {same.Length} pairs of one person; a cosine over {threshold:F4} lets {Rate:P1} of all pairs of strangers pass");
        foreach ((string name, Func<FaceQuality, double> number, double[] levels, Action<byte[], double> worsen) in s_kinds)
        {
            Print($"\n{name}\n  level  measured (5 %, median, 95 %)  same person refused  strangers accepted");
            foreach (double level in levels)
            {
                bool isAsItIs = level == levels[0];
                byte[][] worse = [.. same.Select(pair => { byte[] copy = [.. faces[pair.Second]]; if (!isAsItIs) { worsen(copy, level); } return copy; })];
                float[][] embedded = isAsItIs ? [.. same.Select(pair => plain[pair.Second])] : Embed(model, worse);
                double[] measured = [.. worse.Select(face => number(FaceQualityMeter.Measure(face, null, null, null))).Order()];
                double refused = same.Select((pair, i) => Dot(plain[pair.First], embedded[i]) > threshold ? 0.0 : 1).Average();
                long strangers = 0, accepted = 0;
                for (int i = 0; i < same.Length; i++)
                {
                    for (int other = 0; other < plain.Length; other++)
                    {
                        if (people[other] != people[same[i].Second])
                        {
                            strangers++;
                            accepted += Dot(plain[other], embedded[i]) > threshold ? 1 : 0;
                        }
                    }
                }

                Print($"  {level,5}  {At(measured, 0.05),8:F3} {At(measured, 0.5),8:F3} {At(measured, 0.95),8:F3}  {100 * refused,8:F2} %  {100.0 * accepted / strangers,8:F3} %");
            }
        }

        OfDetector(ml, faces, plain, same, threshold);
        OfPhotographs(ml);
    }

    /// <summary>Pose and scores as photographs have them: pairs by the greater angle and the lower score of their two photographs.</summary>
    private void OfDetector(MLContext ml, byte[][] faces, float[][] plain, (int First, int Second)[] same, double threshold)
    {
        int[] used = [.. same.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct()];
        Dictionary<int, FaceQuality> found = used.Zip(Qualities(ml, used.Select(place => Padded(faces[place])))).Where(one => one.Second is not null).ToDictionary(one => one.First, one => one.Second!);
        ((int First, int Second) Pair, FaceQuality One, FaceQuality Other)[] known = [.. same.Where(pair => found.ContainsKey(pair.First) && found.ContainsKey(pair.Second)).Select(pair => (pair, found[pair.First], found[pair.Second]))];
        Print($"\npose and score as they are: {found.Count} of {used.Length} aligned photographs have a face for the detector, {known.Length} pairs");
        Bins("yaw, degrees", known, quality => Math.Abs(quality.Yaw ?? 0), Math.Max, [10, 20, 30, 40, 90]);
        Bins("pitch, degrees", known, quality => Math.Abs(quality.Pitch ?? 0), Math.Max, [10, 20, 30, 40, 90]);
        Bins("score", known, quality => quality.DetectionScore ?? 0, Math.Min, [0.7, 0.8, 0.85, 0.9, 1]);

        void Bins(string name, ((int First, int Second) Pair, FaceQuality One, FaceQuality Other)[] all, Func<FaceQuality, double> number, Func<double, double, double> join, double[] upTo)
        {
            Print($"  {name}: up to, pairs, same person refused");
            double from = double.NegativeInfinity;
            foreach (double to in upTo)
            {
                var bin = all.Where(pair => join(number(pair.One), number(pair.Other)) is var value && value > from && value <= to).ToArray();
                double refused = bin.Length == 0 ? double.NaN : bin.Average(pair => Dot(plain[pair.Pair.First], plain[pair.Pair.Second]) > threshold ? 0.0 : 1);
                Print($"  {to,5}  {bin.Length,5}  {100 * refused,8:F2} %");
                from = to;
            }
        }
    }

    /// <summary>What the limits refuse of photographs as they are, and the spread of each number.</summary>
    private void OfPhotographs(MLContext ml)
    {
        string[] files = [.. Directory.EnumerateFiles(photographs, "*.jpg").Order(StringComparer.Ordinal)];
        FaceQuality[] found = [.. Qualities(ml, files.Select(file => FaceImage.FromFile(file))).OfType<FaceQuality>()];
        Print($"\n{files.Length} photographs as they are, main faces of {found.Length}: 1 %, 5 %, median, 95 %, 99 %");
        foreach ((string name, Func<FaceQuality, double?> number) in new (string, Func<FaceQuality, double?>)[]
        {
            ("size", quality => quality.Size), ("sharpness", quality => quality.Sharpness), ("brightness", quality => quality.Brightness), ("yaw, absolute", quality => Math.Abs(quality.Yaw ?? 0)),
            ("pitch, absolute", quality => Math.Abs(quality.Pitch ?? 0)), ("score", quality => quality.DetectionScore),
        })
        {
            double[] sorted = [.. found.Select(quality => number(quality) ?? double.NaN).Order()];
            Print($"  {name,-16} {At(sorted, 0.01),8:F3} {At(sorted, 0.05),8:F3} {At(sorted, 0.5),8:F3} {At(sorted, 0.95),8:F3} {At(sorted, 0.99),8:F3}");
        }

        FaceQualityVerdict[] verdicts = [.. found.Select(quality => quality.Judge())];
        Print($"  refused by the limits: {verdicts.Count(verdict => !verdict.IsGood)} of {found.Length}; {string.Join(", ", verdicts.SelectMany(verdict => verdict.Problems).GroupBy(problem => problem.Measure).Select(group => $"{group.Key} {group.Count()}"))}");
    }

    /// <summary>The quality of the main face of each photograph; null: it shows none.</summary>
    private IEnumerable<FaceQuality?> Qualities(MLContext ml, IEnumerable<MLImage> images)
    {
        IDataView empty = ml.Data.LoadFromEnumerable(Array.Empty<OneImage>());
        using FaceDetectingTransformer detecting = ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", detector).Fit(empty);
        foreach (MLImage image in images)
        {
            var face = detecting.Detect(image, detecting.Settings.Settings).FirstOrDefault();
            if (face is null || Alignment.FaceTemplate.Fit([.. face.Landmarks.Select(value => (double)value)]) is not { } transform)
            {
                yield return null;
                continue;
            }

            byte[] rgb = new byte[FaceTensor.ByteCount];
            using var aligned = MLImage.CreateFromPixels(FaceTensor.Size, FaceTensor.Size, image.PixelFormat, Alignment.FaceWarp.Apply(image.Pixels, image.Width, image.Height, transform, AlignmentBorder.Black));
            FaceTensor.FromImage(aligned, rgb);
            yield return FaceQualityMeter.Measure(rgb, face.Landmarks, face.Score, null);
            image.Dispose();
        }
    }

    /// <summary>An aligned face with a margin of 56 black pixels around it, for a detector looks for whole heads.</summary>
    private static MLImage Padded(byte[] face)
    {
        const int margin = 56, side = FaceTensor.Size + (2 * margin);
        byte[] pixels = new byte[side * side * 4];
        for (int y = 0; y < FaceTensor.Size; y++)
        {
            for (int x = 0; x < FaceTensor.Size; x++)
            {
                int from = ((y * FaceTensor.Size) + x) * FaceTensor.Channels, to = (((y + margin) * side) + x + margin) * 4;
                (pixels[to], pixels[to + 1], pixels[to + 2], pixels[to + 3]) = (face[from + 2], face[from + 1], face[from], 255);
            }
        }

        return MLImage.CreateFromPixels(side, side, MLPixelFormat.Bgra32, pixels);
    }

    private static float[][] Embed(FaceEmbeddingTransformer model, byte[][] faces) =>
        [.. faces.Chunk(Batch).SelectMany(chunk => model.Model.Embed(chunk.SelectMany(face => face).ToArray(), chunk.Length, addMirrorImage: false).Unit.Chunk(model.EmbeddingSize))];

    /// <summary>The cosine that the given share of all pairs of different people exceeds.</summary>
    private static double Threshold(float[][] embeddings, string[] people)
    {
        var cosines = new List<float>();
        for (int i = 0; i < embeddings.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (people[i] != people[j])
                {
                    cosines.Add((float)Dot(embeddings[i], embeddings[j]));
                }
            }
        }

        cosines.Sort();
        return cosines[cosines.Count - 1 - (int)(Rate * cosines.Count)];
    }

    private static double Dot(float[] first, float[] second) => TensorPrimitives.Dot<float>(first, second);

    private static double At(double[] sorted, double share) => sorted[(int)Math.Round(share * (sorted.Length - 1))];

    private static byte[] Read(string path)
    {
        byte[] face = new byte[FaceTensor.ByteCount];
        using MLImage image = FaceImage.FromFile(path);
        FaceTensor.FromImage(image, face);
        return face;
    }

    private static void Scale(byte[] face, double share)
    {
        for (int i = 0; i < face.Length; i++)
        {
            face[i] = (byte)Math.Min(255, Math.Round(face[i] * share));
        }
    }

    private static void Blur(byte[] face, double sigma)
    {
        int reach = (int)Math.Ceiling(3 * sigma);
        double[] kernel = [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(offset => Math.Exp(-offset * offset / (2 * sigma * sigma)))];
        double total = kernel.Sum();
        double[] once = Filter([.. face.Select(value => (double)value)], horizontal: true), twice = Filter(once, horizontal: false);
        for (int i = 0; i < face.Length; i++)
        {
            face[i] = (byte)Math.Clamp(Math.Round(twice[i]), 0, 255);
        }

        double[] Filter(double[] source, bool horizontal)
        {
            const int size = FaceTensor.Size, channels = FaceTensor.Channels;
            var filtered = new double[source.Length];
            for (int i = 0; i < source.Length; i++)
            {
                int channel = i % channels, x = i / channels % size, y = i / channels / size;
                for (int tap = -reach; tap <= reach; tap++)
                {
                    int column = horizontal ? Math.Clamp(x + tap, 0, size - 1) : x, row = horizontal ? y : Math.Clamp(y + tap, 0, size - 1);
                    filtered[i] += kernel[tap + reach] / total * source[(((row * size) + column) * channels) + channel];
                }
            }

            return filtered;
        }
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private sealed class OneImage
    {
        [Transforms.Image.ImageType(1, 1)]
        public MLImage? Image { get; set; }
    }
}
