using System.Text.RegularExpressions;
using System.Xml.Linq;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Reporting;
using Microsoft.ML.ArcFace.Reporting.Charts;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using OxyPlot;
using OxyPlot.Series;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Reporting;

[TestClass]
public partial class WriteReportTests
{
    [TestMethod]
    public void WriteReport_AnyPage_IsSoundHtmlThatAsksForNothing()
    {
        using var folder = new TemporaryFolder();
        (string html, IHtmlDocument page) = Write(folder, new FaceReportOptions { Title = ReportedPairs.Hostile, GroupColumnName = "Group", TrainingHistory = History(), Commands = ["arcface train & test > log"] });

        Assert.AreEqual("default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'", page.QuerySelector("meta[http-equiv=Content-Security-Policy]")!.GetAttribute("content"));
        Assert.IsEmpty(page.Scripts);
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("\u202e", html);
        foreach (IElement element in page.All)
        {
            Assert.IsFalse(element.Attributes.Any(attribute => attribute.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase)), element.OuterHtml);
            foreach (string address in new[] { "src", "href", "xlink:href", "action", "data", "poster", "srcset" }.Select(element.GetAttribute).OfType<string>())
            {
                Assert.IsTrue(address.StartsWith("data:", StringComparison.Ordinal) || address.StartsWith('#'), address);
            }
        }

        Assert.AreEqual(ReportedPairs.Hostile, page.Title);
        Assert.AreEqual(ReportedPairs.Hostile, page.QuerySelector("#people tbody th")!.TextContent);
        StringAssert.Contains(page.QuerySelector("pre")!.TextContent, "arcface train & test > log");
    }

    [TestMethod]
    public void WriteReport_Accessibility_TitlesAltTextsAndOwnIdentifiers()
    {
        using var folder = new TemporaryFolder();
        (_, IHtmlDocument page) = Write(folder, new FaceReportOptions { TrainingHistory = History() });

        string[] ids = [.. page.All.Select(element => element.Id).OfType<string>().Where(id => id.Length > 0)];
        CollectionAssert.AllItemsAreUnique(ids);
        foreach (IElement link in page.QuerySelectorAll("nav a"))
        {
            CollectionAssert.Contains(ids, link.GetAttribute("href")![1..]);
        }

        IElement[] charts = [.. page.QuerySelectorAll("figure > svg")];
        CollectionAssert.AreEqual(new[] { "histogram", "roc", "det", "cmc", "fnir", "loss", "learning-rate", "validation", "map" }, charts.Select(chart => chart.GetAttribute("aria-labelledby")!.Split("-title")[0]).ToArray());
        foreach (IElement chart in charts)
        {
            Assert.AreEqual("img", chart.GetAttribute("role"));
            Assert.IsTrue(chart.GetAttribute("aria-labelledby")!.Split(' ').All(id => page.GetElementById(id)!.TextContent.Length > 3), "A title and a description.");
            Assert.IsFalse(chart.HasAttribute("width"), "It grows with the page.");
            StringAssert.Contains(chart.OuterHtml, "var(--ink)");
            Assert.DoesNotContain("rgb(16,16,17)", chart.OuterHtml);
            foreach (string reference in chart.OuterHtml.Split("url(#").Skip(1).Select(text => text[..text.IndexOf(')', StringComparison.Ordinal)]))
            {
                CollectionAssert.Contains(ids, reference);
            }
        }

        Assert.IsTrue(page.QuerySelectorAll("img").All(image => image.GetAttribute("alt")!.Length > 0));
        Assert.IsTrue(page.QuerySelectorAll("thead th").All(head => head.GetAttribute("scope") == "col"));
    }

    [TestMethod]
    public void WriteReport_Photographs_AreSmallJpegsAndTheBrokenOneIsNamed()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "ada/1.jpg", "ada/2.jpg", "ada/3.jpg", "bob/1.jpg" })
        {
            folder.Write(name, EncodedImages.Gradient(300, 150, SKEncodedImageFormat.Jpeg));
        }

        folder.Write("bob/2.jpg", [1, 2, 3]);
        (_, IHtmlDocument page) = Write(folder, new FaceReportOptions { WorstPairCount = 3, PictureSize = 64 });

        IElement[] pairs = [.. page.QuerySelectorAll("#false-matches .pair")];
        Assert.HasCount(3, pairs);
        string[] alts = [.. pairs[0].QuerySelectorAll("img").Select(image => image.GetAttribute("alt")!)];
        CollectionAssert.AreEqual(new[] { "ada/3.jpg", "bob/1.jpg" }, alts);
        StringAssert.Contains(pairs[1].TextContent, "cannot be read");
        const string prefix = "data:image/jpeg;base64,";
        string source = pairs[0].QuerySelector("img")!.GetAttribute("src")!;
        Assert.StartsWith(prefix, source);
        using SKBitmap picture = SKBitmap.Decode(Convert.FromBase64String(source[prefix.Length..]));
        Assert.AreEqual((64, 32), (picture.Width, picture.Height));
        SKColor corner = picture.GetPixel(60, 2), expected = EncodedImages.GradientAt(282, 10, 300, 150);
        Assert.IsTrue(Math.Abs(corner.Red - expected.Red) < 12 && Math.Abs(corner.Green - expected.Green) < 12 && Math.Abs(corner.Blue - expected.Blue) < 12, $"{corner} is not {expected}.");
    }

    [TestMethod]
    public void WriteReport_WithoutImageColumn_OpensNoPhotograph()
    {
        using var folder = new TemporaryFolder();
        (_, IHtmlDocument page) = Write(folder, new FaceReportOptions { ImageColumnName = null });
        Assert.IsEmpty(page.QuerySelectorAll("img").ToArray());
        Assert.DoesNotContain("holds photographs", page.Body!.TextContent);
    }

    [TestMethod]
    public void WriteReport_PairsByHand_NumbersOfThePageAgree()
    {
        using var folder = new TemporaryFolder();
        (_, IHtmlDocument page) = Write(folder, new FaceReportOptions { GroupColumnName = "Group", PersonCount = 2, Facts = [new("Camera", "<none>")] });

        // At equal errors the threshold lies just below cos 40° (two of eleven impostors, two of four genuine pairs) or higher.
        VerificationMetrics metrics = ReportedPairs.Ml.FaceRecognition().EvaluateVerification(ReportedPairs.View(), ReportedPairs.Pairs);
        string[] headline = [.. page.QuerySelectorAll(".card .value").Select(value => value.TextContent)];
        CollectionAssert.AreEqual(
            new[] { string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{metrics.Verdict!.TrueAcceptRate:P2}"), "66.67 %" }, headline[..2], "Of three photographs that are searched for among three people, two are found first: Ada at 60° is nearer to Bob.");
        Assert.AreEqual(metrics.VerdictText, page.QuerySelector("header .verdict")!.TextContent);
        StringAssert.Contains(page.QuerySelector("#identification")!.TextContent, "3 mated probes");
        StringAssert.Contains(page.QuerySelector("#rates table")!.TextContent, "too few to say");
        StringAssert.Contains(page.QuerySelector("#rates table")!.TextContent, "takes 1,000 impostor pairs, there are 11");
        Assert.HasCount(2, page.QuerySelectorAll("#people tbody tr").ToArray());
        StringAssert.Contains(page.QuerySelector("#people p")!.TextContent, "1 more are left out");
        StringAssert.Contains(page.QuerySelector("#groups")!.TextContent, "too few to say (3 of 100)");
        string facts = page.QuerySelector("#facts")!.TextContent;
        StringAssert.Contains(facts, "4 of the same person, 11 of different people, 2 folds");
        StringAssert.Contains(facts, "<none>");
        StringAssert.Contains(facts, typeof(MLContext).Assembly.GetName().Name!);
    }

    [TestMethod]
    public void WriteReport_WhatCannotBeWritten_IsRefusedBeforeTheWorkAndLeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        FaceRecognitionCatalog faces = ReportedPairs.Ml.FaceRecognition();
        string path = folder.Write("report.html", "old"u8.ToArray());
        ArgumentOutOfRangeException options = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => faces.WriteReport(path, ReportedPairs.View(), ReportedPairs.Pairs, new FaceReportOptions { PictureSize = 5, WorstPairCount = -1, NameColumnName = "" }));
        foreach (string name in new[] { "PictureSize is 5", "WorstPairCount is -1", "NameColumnName is empty" })
        {
            StringAssert.Contains(options.Message, name);
        }

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => faces.WriteReport(path, ReportedPairs.View(), ReportedPairs.Pairs, new FaceReportOptions { ImageColumnName = "zz" })).Message, "Could not find input column 'zz'");
        Assert.ThrowsExactly<InvalidOperationException>(() => faces.WriteReport(path, ReportedPairs.View(), ReportedPairs.Pairs[..4]));
        CollectionAssert.AreEqual("old"u8.ToArray(), File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFiles(folder.FullName));
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => faces.WriteReport(Path.Combine(folder.FullName, "no", "report.html"), ReportedPairs.View(), ReportedPairs.Pairs));
    }

    [TestMethod]
    public void Charts_PairsByHand_HoldThePoints()
    {
        VerificationMetrics metrics = VerificationEvaluator.Evaluate([0.9, 0.8, 0.7, 0.1, 0.85, 0.05], [true, false, true, false, true, false], [0, 0, 0, 1, 1, 1]);
        var threshold = new DetPoint(1 / 3.0, 1 / 3.0, 0.75);
        CollectionAssert.AreEqual(
            new[] { (1 / 3.0, 2 / 3.0), (1 / 3.0, 1), (2 / 3.0, 1), (1, 1) }.Select(Rounded).ToArray(),
            PointsOf(ErrorCharts.Roc(metrics, threshold)).Select(Rounded).ToArray());
        CollectionAssert.AreEqual(new[] { (1 / 3.0, 1 / 3.0) }.Select(Rounded).ToArray(), PointsOf(ErrorCharts.Det(metrics, threshold)).Select(Rounded).ToArray(), "What is 0 has no place on a logarithmic axis.");

        // Six of ten steps done of the second of two epochs: epoch 1.2.
        CollectionAssert.AreEqual(new[] { (1, 4.0), (1.2, 3.0) }, PointsOf(TrainingCharts.Loss(History().Reports)).ToArray());
        CollectionAssert.AreEqual(new[] { (1.0, 0.9) }, PointsOf(TrainingCharts.Validation(History().Reports)).ToArray());

        static (double, double) Rounded((double X, double Y) point) => (Math.Round(point.X, 9), Math.Round(point.Y, 9));
    }

    [TestMethod]
    public void Settings_OfTheTrainer_TellWhatWasSetButNoCallbacks()
    {
        IReadOnlyDictionary<string, string> settings = ((ITrainingSettings)new ArcFaceTrainer.Options { Epochs = 7, Dropout = 0.25, InitialWeights = "backbone.pth", Progress = _ => { } }).Describe();
        Assert.AreEqual("7", settings["Epochs"]);
        Assert.AreEqual("0.25", settings["Dropout"]);
        Assert.AreEqual("backbone.pth", settings["InitialWeights"]);
        Assert.AreEqual("Image", settings["ImageColumnName"]);
        StringAssert.Contains(settings["Loss"], "ArcFaceLoss");
        Assert.IsFalse(settings.Keys.Any(name => name is "Progress" or "CancellationToken" or "ValidationSet" or "LearningRate"));
    }

    private static IEnumerable<(double X, double Y)> PointsOf(PlotModel chart) => ((LineSeries)chart.Series.Single()).Points.Select(point => (point.X, point.Y));

    private static TrainingHistory History()
    {
        var history = new TrainingHistory();
        history.Add(new TrainingProgress(1, 2, 5, 10, 4, 0.1, 100, TimeSpan.FromSeconds(1), IsEpochEnd: true, ValidationAreaUnderRocCurve: 0.9));
        history.Add(new TrainingProgress(2, 2, 6, 10, 3, 0.05, 100, TimeSpan.Zero, IsEpochEnd: false, ValidationAreaUnderRocCurve: null));
        return history;
    }

    [GeneratedRegex("<svg .*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Chart();

    private static (string Html, IHtmlDocument Page) Write(TemporaryFolder folder, FaceReportOptions options)
    {
        string path = Path.Combine(folder.FullName, "report.html");
        ReportedPairs.Ml.FaceRecognition().WriteReport(path, ReportedPairs.View(folder.FullName), ReportedPairs.Pairs, options);
        string html = File.ReadAllText(path);
        // The charts are XML; without them any error of syntax is an exception.
        string[] charts = [.. Chart().Matches(html).Select(chart => chart.Value)];
        Assert.IsNotEmpty(charts);
        Array.ForEach(charts, chart => XElement.Parse(chart));
        new HtmlParser(new HtmlParserOptions { IsStrictMode = true }).ParseDocument(Chart().Replace(html, "<svg></svg>"));
        return (html, new HtmlParser().ParseDocument(html));
    }
}
