using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws the nose: mostly shadows, since the skin is there already.</summary>
internal static class NosePainter
{
    public static void Draw(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        NoseTraits nose = person.Nose;
        SKColor skin = person.Skin.Colour;
        SKColor shade = Colours.Scale(skin, 0.6f);
        float tip = nose.TipY;
        float lift = nose.Protrusion;
        float wing = nose.HalfWidth * (1 + (0.08f * Math.Max(0, shot.Smile)));

        // The side away from the light is darker.
        foreach (int side in (ReadOnlySpan<int>)[-1, 1])
        {
            float shadow = Math.Clamp(0.22f - (side * shot.Light.X * 0.3f), 0.06f, 0.5f);
            face.Fill(
                [
                    face.On(side * nose.BridgeWidth, -5, 1), face.On(side * nose.BridgeWidth * 1.1f, tip * 0.4f, lift * 0.4f),
                    face.On(side * nose.TipRadius, tip - 2, lift * 0.7f), face.On(side * wing, tip + 2, 1), face.On(side * (wing + 1), tip - 3, 0),
                    face.On(side * (nose.BridgeWidth + 3.5f), tip * 0.35f, 0),
                ],
                Colours.Fade(shade, shadow), 1);
            face.Line(
                [
                    face.On(side * wing * 0.82f, tip - 3.5f, 2), face.On(side * wing, tip - 0.5f, 2), face.On(side * wing * 0.95f, tip + 2.4f, 2),
                    face.On(side * wing * 0.62f, tip + 3.4f, 4),
                ],
                Colours.Fade(Colours.Scale(skin, 0.5f), 0.75f), 1, 0.3f);
            face.Oval(side * wing * 0.5f, tip + 2.9f, nose.NostrilSize * 1.35f, nose.NostrilSize * 0.75f, Colours.Fade(Colours.Scale(skin, 0.22f), 0.85f), 0.3f, lift * 0.5f);
        }

        face.Line(
            [face.On(-wing * 0.35f, tip + 3, lift * 0.6f), face.On(0, tip + 4.3f, lift * 0.6f), face.On(wing * 0.35f, tip + 3, lift * 0.6f)],
            Colours.Fade(Colours.Scale(skin, 0.5f), 0.6f), 1, 0.4f);
        face.Oval(0, tip + 6.5f, wing * 0.9f, 2.6f, Colours.Fade(shade, 0.35f), 1.4f);
        SKColor light = Colours.Fade(Colours.Mix(skin, SKColors.White, 0.6f), 0.22f + person.Skin.Shine);
        face.Oval(shot.Light.X * 1.2f, tip - 1.2f, nose.TipRadius * 0.55f, nose.TipRadius * 0.5f, light, 0.9f, lift);
        face.Line([face.On(shot.Light.X, -2, 2), face.On(shot.Light.X, tip - 6, lift * 0.8f)], Colours.Fade(light, 0.3f), nose.BridgeWidth * 0.7f, 0.9f);
    }
}
